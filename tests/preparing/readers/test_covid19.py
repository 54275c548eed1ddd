import csv

import cv2
import numpy as np
import pytest

from mmcxr.datasets.public.covid19 import COVID19, COVID19LungSeg, COVID19Pairs
from mmcxr.datasets.tables.splits import overlap, read_split
from mmcxr.datasets.tables.table import TableError, find_table, read_table
from mmcxr.preparing.convert import convert
from mmcxr.preparing.placing import Options
from mmcxr.preparing.readers.covid19 import CONVERTER, finding_labels

HEADER = ['image', 'patient_id', 'offset_days', 'sex', 'age', 'view', 'finding']
HEADER += ['survival', 'lung_mask', 'clinical_notes', 'license']
ROWS = [
    [
        'a.png',
        '2',
        '0',
        'M',
        '54.0',
        'AP Supine',
        'COVID-19',
        'Y',
        'a.png',
        'Hazy.',
        'CC',
    ],
    ['b.png', '2', '0', 'M', '54', 'PA', 'COVID-19, ARDS', '', '', 'Hazy.', ''],
    ['c.png', '2', '0', 'M', '', 'Decubitus', 'todo', '', 'small.png', 'Clear.', ''],
    ['d.png', '0003', '', '?', '', 'L', 'No Finding', '', 'gone.png', '', ''],
    ['ct.png', '4', '1', '', '', 'Axial', 'COVID-19', '', '', '', ''],
    ['gone.png', '4', '1', '', '', 'PA', 'COVID-19', '', '', '', ''],
    ['text.png', '4', '1', '', '', 'PA', 'COVID-19', '', '', '', ''],
    ['b.png', '9', '0', 'M', '54', 'PA', 'COVID-19, ARDS', '', '', 'Hazy.', ''],
    ['e.png', '9', '5', 'F', '7', 'PA', 'Dragon fever', '', '', '', ''],
]


def write_source(root, rows=ROWS, header=HEADER):
    (root / 'images').mkdir(parents=True)
    (root / 'lung_masks').mkdir()
    with (root / 'metadata.csv').open('w', newline='') as file:
        csv.writer(file).writerows([header, *rows])
    for name, size in dict(a=8, b=8, c=8, d=8, e=8, ct=8).items():
        rng = np.random.default_rng(ord(name[0]))
        film = rng.integers(0, 256, (size, 9), np.uint8)
        cv2.imwrite(str(root / f'images/{name}.png'), film)
    (root / 'images/text.png').write_text('no image')
    for name, size in dict(a=8, small=4).items():
        cv2.imwrite(str(root / f'lung_masks/{name}.png'), np.ones((size, 9), np.uint8))
    return root


def test_small_copy(tmp_path):
    tally = convert(
        CONVERTER, write_source(tmp_path / 'source'), tmp_path / 'out'
    ).tally
    table = read_table(tmp_path / 'out', check_files=-1).set_index('image')
    assert list(table.index) == ['a.png', 'b.png', 'c.png', 'd.png', 'e.png']
    assert table['view'].tolist() == ['AP', 'PA', '', 'LATERAL', 'PA']
    assert table['age'].tolist() == ['54', '54', '', '', '7']
    assert table['sex'].tolist() == ['M', 'M', 'M', '', 'F']
    # One note makes one study; d has no day; b is listed for 2 and 9: one patient.
    assert table['study_id'].tolist() == ['2_0', '2_0', '2_0_2', 'd.png', '2_5']
    assert table['patient_id'].tolist() == ['2', '2', '2', '0003', '2']
    assert table['mask_lungs'].tolist() == ['lungs/a.png', '', '', '', '']
    assert table.loc['a.png', 'extra_license'] == 'CC'
    film = tmp_path / 'source/images/text.png'
    mask = tmp_path / 'source/lung_masks/small.png'
    assert tally.lines() == [
        '1 rows left out, image listed before: b.png',
        '1 views not understood: c.png (Decubitus)',
        '2 findings that give no label: c.png (todo), e.png (Dragon fever)',
        '1 missing: listed masks that are not there: gone.png',
        '1 left out, not radiographs: ct.png',
        '1 missing: listed films that are not there: gone.png',
        f'1 invalid: masks; left out: {mask}: the mask is 4x9 but its film is 8x9 '
        'pixels (height x width)',
        f'1 unreadable: films; left out: {film}: cannot identify image file',
    ]


def test_layout_of_the_authors(tmp_path):
    header = ['patientid', 'offset', 'sex', 'age', 'finding', 'RT_PCR_positive']
    header += ['survival', 'view', 'modality', 'folder', 'filename', 'license']
    header += ['clinical_notes', 'other_notes']
    rows = [
        ['2', '0', 'M', '65', 'Pneumonia/Viral/COVID-19', 'Y', 'Y', 'PA', 'X-ray']
        + ['images', 'a.png', 'CC', 'Hazy.', ''],
        ['3', '', 'F', '', 'Tuberculosis', '', '', 'Coronal', 'CT']
        + ['volumes', 'x.nii.gz', '', '', ''],
        ['3', '', 'F', '', 'Tuberculosis', '', '', 'PA', 'CT']
        + ['images', 'b.png', '', '', ''],
    ]
    source = write_source(tmp_path / 'source', rows, header)
    masks = source / 'annotations/lungVAE-masks'
    masks.mkdir(parents=True)
    cv2.imwrite(str(masks / 'a_mask.png'), np.full((8, 9), 255, np.uint8))
    tally = convert(CONVERTER, source, tmp_path / 'out').tally
    table = read_table(tmp_path / 'out', check_files=-1)
    assert table['image'].tolist() == ['a.png']
    assert table['mask_lungs'].tolist() == ['lungs/a.png']
    assert tally.count('left out, not radiographs') == 2


@pytest.mark.parametrize(
    ('finding', 'positive'),
    [
        ('COVID-19', {'COVID-19', 'Viral Pneumonia', 'Pneumonia'}),
        ('Pneumonia/Viral/COVID-19', {'COVID-19', 'Viral Pneumonia', 'Pneumonia'}),
        ('COVID-19, ARDS', {'COVID-19', 'Viral Pneumonia', 'Pneumonia', 'ARDS'}),
        ('ARDS', {'ARDS'}),
        ('E.Coli', {'Bacterial Pneumonia', 'Pneumonia'}),
        ('Mycoplasma Bacterial Pneumonia', {'Bacterial Pneumonia', 'Pneumonia'}),
        ('Pneumonia/Fungal/Pneumocystis', {'Fungal Pneumonia', 'Pneumonia'}),
        ('Pneumonia/Aspiration', {'Pneumonia'}),
        ('Lipoid', {'Pneumonia'}),
        ('Tuberculosis', {'Tuberculosis'}),
        ('No Finding', {'No Finding'}),
    ],
)
def test_findings(finding, positive):
    labels = finding_labels(finding)
    assert {name for name, label in labels.items() if label} == positive
    assert set(labels.values()) == {0, 1}


@pytest.mark.parametrize('finding', ['todo', 'Unknown', '', 'Pneumonia/Dragon', ' / '])
def test_findings_that_tell_nothing(finding):
    assert finding_labels(finding) is None


def test_nothing_to_convert(tmp_path):
    with pytest.raises(TableError, match="holds no 'metadata.csv'"):
        convert(CONVERTER, tmp_path, tmp_path / 'out')
    source = write_source(tmp_path / 'source', ROWS[4:7])
    with pytest.raises(ValueError, match='nothing to write: no image'):
        convert(CONVERTER, source, tmp_path / 'out')
    assert not (tmp_path / 'out/table.csv').exists()
    source = write_source(tmp_path / 'other', header=['img', *HEADER[1:]])
    with pytest.raises(TableError, match="no column 'image' .did you mean 'img'"):
        convert(CONVERTER, source, tmp_path / 'out')


def test_nothing_is_copied_out_of_the_folder(tmp_path):
    source = write_source(tmp_path / 'source', [['../a.png', *ROWS[0][1:]], ROWS[1]])
    (source / 'images/a.png').rename(source / 'a.png')
    found = convert(CONVERTER, source, tmp_path / 'out')
    assert found.tally.names('invalid: names that are no path under images/') == [
        '../a.png'
    ]
    assert not (tmp_path / 'out/a.png').exists()


def test_a_table_that_would_not_read_is_not_written(tmp_path):
    rows = [['a.png', '2', '0', 'M', 'old', *ROWS[0][5:]]]
    with pytest.raises(TableError, match="out/table.csv: .*'age': 'old' is no age"):
        convert(CONVERTER, write_source(tmp_path / 'source', rows), tmp_path / 'out')
    with pytest.raises(TableError, match='holds none of'):
        find_table(tmp_path / 'out')


def test_real_films(shared_dir, tmp_path):
    """The whole collection: pairs, labels, masks and a split by patients."""
    found = convert(
        CONVERTER,
        shared_dir / 'data/covid_cxr',
        tmp_path,
        Options(link=True),
        workers=2,
    )
    assert not found.refused()
    assert found.tally.count('rows left out, image listed before') == 4
    table = read_table(tmp_path, check_files=-1)
    assert len(table) == 262
    assert (table['findings'] != '').sum() == 183
    scheme = read_split(tmp_path, 'clean', table)
    assert sum(map(len, scheme.rows.values())) == 262 and not scheme.unlisted
    assert all(len(rows) > 10 for rows in scheme.rows.values())
    assert set(overlap(table, scheme)) == {'val', 'test'}
    assert all(not n['patients'] for n in overlap(table, scheme).values())
    pairs = COVID19Pairs(tmp_path, texts='report')
    assert sum(len(pairs.get_data_info(i)['views']) for i in range(len(pairs))) == 183
    assert len(COVID19(tmp_path)) == 262 - 23
    steps = [dict(type='LoadFilm'), dict(type='LoadFilmMask')]
    lungs = COVID19LungSeg(tmp_path, pipeline=steps)
    assert len(lungs) == 111
    for index in (0, 50, 110):
        assert 0.05 < lungs[index]['gt_seg_map'].mean() < 0.9
