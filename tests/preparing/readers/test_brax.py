"""BRAX.

Layout: https://physionet.org/content/brax/1.1.0/ (folders, columns, values of sex,
age and view) and torchxrayvision's reader.
"""

from dataclasses import replace

import pytest
from downloads import list_source, write_dicom, write_image, write_text

from mmcxr.datasets.public.brax import BRAX
from mmcxr.datasets.public.chexpert import CHEXPERT_CLASSES
from mmcxr.datasets.tables.table import TableError, label_columns, read_table
from mmcxr.preparing.convert import convert
from mmcxr.preparing.readers.brax import CONVERTER

NAME = 'master_spreadsheet_update.csv'
HEADER = 'DicomPath,PngPath,PatientID,PatientSex,PatientAge,AccessionNumber,StudyDate,'
HEADER += f'{",".join(CHEXPERT_CLASSES)},ViewPosition,Rows,Columns,Manufacturer\n'


def film_name(patient, study, image) -> str:
    return f'id_{patient}/Study_{study}.1/Series_{study}.2/image-{image}.7'


def write_row(name, patient, facts, marks='', end='PA,48,48,1') -> str:
    cells = dict.fromkeys(CHEXPERT_CLASSES, '')
    cells |= dict(pair.split('=') for pair in marks.split('; ') if pair)
    paths = f'Anonymized_DICOMs/{name}.dcm,images/{name}.png'
    labels = ','.join(cells.values())
    return f'{paths},id_{patient},{facts},990{patient},20080101,{labels},{end}\n'


NAMES = [film_name('a', 5, 1), film_name('a', 5, 2), film_name('b', 6, 1)]
ROWS = [
    write_row(NAMES[0], 'a', 'M,65', 'Edema=1.0; Pneumonia=-1.0; Fracture=0.0'),
    write_row(NAMES[1], 'a', 'M,65', 'Edema=1.0', 'L,48,48,1'),
    write_row(NAMES[2], 'b', ',85 or more', 'No Finding=1', 'AP LLD,48,48,2'),
]


@pytest.fixture
def source(tmp_path):
    root = tmp_path / 'physionet.org/files/brax/1.1.0'
    write_text(root / NAME, HEADER + ''.join(ROWS))
    for name in NAMES:
        write_image(root / f'images/{name}.png', name=name)
    return root


def test_table(source, tmp_path):
    out = tmp_path / 'out'
    found = convert(CONVERTER, source.parents[2], out)
    table = read_table(out, check_files=-1)
    assert table['image'].tolist() == [f'{name}.png' for name in NAMES]
    assert table['patient_id'].tolist() == ['id_a', 'id_a', 'id_b']
    assert table['study_id'].tolist() == ['Study_5.1', 'Study_5.1', 'Study_6.1']
    assert table['view'].tolist() == ['PA', 'LATERAL', '']
    assert table['extra_view_position'].tolist() == ['PA', 'L', 'AP LLD']
    assert table['sex'].tolist() == ['M', 'M', '']
    assert table['age'].tolist() == ['65', '65', '85']
    assert label_columns(table) == list(CHEXPERT_CLASSES)
    assert table.loc[0, ['Edema', 'Pneumonia', 'Fracture']].tolist() == [1, -1, 0]
    assert table.loc[0, list(CHEXPERT_CLASSES)].notna().sum() == 3
    assert table['No Finding'][2] == 1
    assert '990a' not in (out / 'table.csv').read_text()
    assert found.refused() == ['count'] and len(BRAX(out)) == 3


def test_dicom_films(source, tmp_path):
    """The same table of the DICOM films; where both are there PNG are taken."""
    for name in NAMES:
        write_dicom(source / f'Anonymized_DICOMs/{name}.dcm', name=name)
    both, tally = list_source(CONVERTER, source)
    assert [film.file.suffix for film in both.films] == ['.png'] * 3
    assert not tally.faults()
    convert(CONVERTER, source, tmp_path / 'png')
    for name in NAMES:
        (source / f'images/{name}.png').unlink()
    convert(CONVERTER, source, tmp_path / 'dicom')
    tables = [read_table(tmp_path / kind) for kind in ('png', 'dicom')]
    assert tables[0].equals(tables[1])


def test_counts_are_held_to_the_published_ones(source, tmp_path):
    (claim,) = CONVERTER.reported
    toy = replace(claim, images=3, studies=2)
    found = convert(replace(CONVERTER, reported=(toy,)), source, tmp_path / 'out')
    assert found.refused() == []
    toy = replace(claim, images=3, studies=3)
    found = convert(replace(CONVERTER, reported=(toy,)), source, tmp_path / 'out')
    assert found.tally.count('count: numbers that differ') == 1


def test_what_does_not_fit_is_named(source, tmp_path):
    rows = [
        *ROWS,
        write_row('film', 'c', 'M,40'),
        write_row(film_name('c', 7, 1), 'c', 'X,old', end='TOP,1,1,1'),
    ]
    write_text(source / NAME, HEADER + ''.join(rows))
    write_image(source / f'images/{film_name("z", 1, 1)}.png')
    data = (source / f'images/{NAMES[2]}.png').read_bytes()
    (source / f'images/{NAMES[2]}.png').write_bytes(data[:200])
    found = convert(CONVERTER, source, tmp_path / 'out')
    faults = found.tally.faults()
    kinds = {kind: names for group in faults.values() for kind, names in group.items()}
    assert kinds['invalid: paths that name no film'] == [
        f'{NAME}: row 4 (images/film.png)'
    ]
    assert kinds['missing: listed films that are not there'] == [
        f'{film_name("c", 7, 1)}.png'
    ]
    assert kinds['extra: film files that nothing lists'] == [
        f'images/{film_name("z", 1, 1)}.png'
    ]
    (cut,) = kinds['unreadable: films; left out']
    assert f'{NAMES[2]}.png' in cut
    for kind in ('views', 'sexes', 'ages'):
        assert found.tally.count(f'{kind} not understood') == 1
    assert len(read_table(tmp_path / 'out')) == 2


@pytest.mark.parametrize(
    ('old', 'new', 'message'),
    [
        ('-1.0', '-2.0', "row 1, column 'Pneumonia': '-2.0' is none of"),
        ('PngPath', 'Png', "no column 'PngPath'"),
        ('Lung Lesion', 'Lesion', "no column 'Lung Lesion'"),
    ],
)
def test_a_bad_table_is_refused(source, old, new, message):
    path = source / NAME
    write_text(path, path.read_text().replace(old, new, 1))
    with pytest.raises(TableError, match=f'{NAME}: {message}'):
        list_source(CONVERTER, source)
    path.unlink()
    with pytest.raises(TableError, match=f"holds no '{NAME}' or 'master"):
        list_source(CONVERTER, source)
