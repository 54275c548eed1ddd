"""REFLACX.

Layout: the read-me of https://physionet.org/content/reflacx-xray-localization/1.0.0/
(folders, columns, certainties); paths of films as in MIMIC-CXR.
"""

import itertools
import json
from dataclasses import replace

import pytest
from downloads import list_source, write_dicom, write_image, write_text

from mmcxr.datasets.public.reflacx import (
    REFLACX,
    REFLACX_FINDINGS,
    REFLACX_FIRST_FINDINGS,
)
from mmcxr.datasets.tables.splits import read_split
from mmcxr.datasets.tables.table import TableError, read_table
from mmcxr.preparing.convert import convert
from mmcxr.preparing.readers.reflacx import CONVERTER
from mmcxr.preparing.readers.reflacx_readings import read_votes

A, B, C = (f'{letter * 8}-1111-2222-3333-44444444' for letter in 'abc')
OF = {A: ('10000032', '50414267'), B: ('10000764', '57375967')}
OF[C] = ('11000011', '51029426')
FACTS = 'id,split,eye_tracking_data_discarded,image,dicom_id,subject_id,image_size_x,'
FACTS += 'image_size_y'
DEFAULT = dict(films=None, readers='majority', certainty=3)


def write_phase(root, phase, readings) -> None:
    """Readings: (id, film, split, certainties by finding, other, ellipses)."""
    findings = REFLACX_FIRST_FINDINGS if phase == 1 else REFLACX_FINDINGS
    devices = ['Support devices', *(['Quality issue'] if phase == 1 else [])]
    lines = [','.join([FACTS, *findings, *devices, 'Other'])]
    for name, film, split, sure, other, ellipses in readings:
        subject, study = OF[film]
        path = f'files/p{subject[:2]}/p{subject}/s{study}/{film}.dcm'
        cells = [name, split, 'False', path, film, subject, '96', '192']
        cells += [str(sure.get(finding, 0)) for finding in findings]
        cells += [str(device in sure) for device in devices]
        lines.append(','.join([*cells, other]))
        rows = [','.join(['xmin,ymin,xmax,ymax,certainty', *findings])]
        for *box, drawn in ellipses:
            named = [str(finding in drawn) for finding in findings]
            rows.append(','.join([*map(str, box), *named]))
        folder = root / 'main_data' / name
        write_text(folder / 'anomaly_location_ellipses.csv', '\n'.join([*rows, '']))
        chest = 'xmin,ymin,xmax,ymax\n8,10,90,170\n'
        write_text(folder / 'chest_bounding_box.csv', chest)
        write_text(folder / 'transcription.txt', f'no  change by {name}.\n')
    write_text(root / f'main_data/metadata_phase_{phase}.csv', '\n'.join([*lines, '']))


def write_reflacx(root):
    write_phase(
        root,
        1,
        [
            (f'P101R{n}', A, 'test', dict(Mass=sure, Nodule=1), 'x | y', ellipses)
            for n, sure, ellipses in (
                (1, 5, [(10, 20, 50, 100, 5, ['Mass'])]),
                (2, 3, [(12, 24, 52, 104, 3, ['Mass', 'Nodule'])]),
                (3, 2, [(14, 28, 54, 108, 2, ['Mass'])]),
            )
        ],
    )
    sure = {'Atelectasis': 4, 'Support devices': 1}
    write_phase(root, 2, [('P102R1', B, 'train', sure, '', [])])
    write_phase(root, 3, [('P300R1', C, 'validate', {'Acute fracture': 2}, '', [])])
    return root


def write_films(root, suffix='.jpg', shape=(96, 48)) -> None:
    for film, (subject, study) in OF.items():
        path = root / f'files/p{subject[:2]}/p{subject}/s{study}/{film}{suffix}'
        write = write_dicom if suffix == '.dcm' else write_image
        write(path, shape, name=film)
    write_image(root / 'files/p10/p10000032/s50414267/other.jpg', name='other')


@pytest.fixture
def source(tmp_path):
    write_films(tmp_path / 'mimic')
    return write_reflacx(tmp_path / 'reflacx-xray-localization/1.0.0')


def test_table(source, tmp_path):
    """Films of half the size: boxes follow, readings stay in official pixels."""
    out, films = tmp_path / 'out', str(tmp_path / 'mimic')
    toy = (replace(CONVERTER.reported[0], images=3, patients=3),)
    toy = replace(CONVERTER, reported=toy)
    found = convert(toy, source, out, **{**DEFAULT, 'films': films})
    assert found.refused() == []
    table = read_table(out, check_files=-1)
    assert table['image'].tolist() == [
        f'p{subject[:2]}/p{subject}/s{study}/{film}.jpg'
        for film, (subject, study) in OF.items()
    ]
    assert table['patient_id'].tolist() == [f'p{subject}' for subject, _ in OF.values()]
    assert table['study_id'].tolist() == [f's{study}' for _, study in OF.values()]
    assert table['Mass'].tolist()[0] == 1 and table['Nodule'].tolist()[0] == 0
    assert table['Mass'].isna().tolist() == [False, True, True]  # not asked later
    assert table['Acute fracture'].isna().tolist() == [True, False, False]
    assert table['Acute fracture'].tolist()[2] == 0  # less likely
    assert table['Atelectasis'].tolist() == [0, 1, 0]
    assert table['Support devices'].tolist() == [0, 1, 0]
    assert table['boxes'][0] == [
        [5, 10, 20, 40, 'Mass'],
        [6, 12, 20, 40, 'Mass'],
        [6, 12, 20, 40, 'Nodule'],
    ]
    readings = json.loads(table['extra_readings'][0])
    assert [one['id'] for one in readings] == ['P101R1', 'P101R2', 'P101R3']
    assert readings[2] == dict(
        id='P101R3',
        phase=1,
        certainties=dict(Mass=2, Nodule=1),
        other=['x', 'y'],
        ellipses=[[14, 28, 54, 108, 2, ['Mass']]],
        chest=[8, 10, 90, 170],
        transcription='no change by P101R3.',
    )
    scheme = read_split(out, 'official', table)
    assert [scheme.of(split).tolist() for split in ('train', 'val', 'test')] == [
        [1],
        [2],
        [0],
    ]
    assert len(REFLACX(out)) == 3


@pytest.mark.parametrize(
    ('readers', 'certainty', 'expected'),
    [
        ('any', 3, 1),
        ('majority', 3, 1),
        ('agreed', 3, -1),
        ('agreed', 2, 1),
        ('majority', 4, 0),
        ('any', 4, 1),
    ],
)
def test_rules(source, readers, certainty, expected):
    options = dict(readers=readers, certainty=certainty)
    listing, _ = list_source(CONVERTER, source, **options)
    assert listing.films[0].cells['Mass'] == expected
    num = sum(sure >= certainty for sure in (5, 3, 3, 2))  # the second has two findings
    assert len(listing.films[0].boxes) == num


def test_certainties_against_their_words():
    for sure, least in itertools.product(range(6), range(1, 6)):
        row = {'Mass': str(sure), 'Support devices': 'True', 'Other': ''}
        votes, told = read_votes(row, ['Mass'], ['Support devices'], least, 'x')
        assert votes == {'Mass': int(sure >= least), 'Support devices': 1}
        assert told == dict(certainties={'Mass': sure} if sure else {}, other=[])


def test_films_beside_the_readings(source, tmp_path):
    """DICOM in SOURCE itself, with views of the metadata or of the header."""
    write_films(source, '.dcm', (192, 96))
    (source / 'files/p10/p10000032/s50414267/other.jpg').unlink()
    rows = f'dicom_id,ViewPosition\n{A},LL\n'
    write_text(source / 'mimic-cxr-2.0.0-metadata.csv', rows)
    found = convert(CONVERTER, source, tmp_path / 'out', **DEFAULT)
    assert found.refused() == ['count']
    table = read_table(tmp_path / 'out')
    assert table['view'].tolist() == ['LATERAL', '', '']
    assert table['boxes'][0][0] == [10, 20, 40, 80, 'Mass']


def test_what_does_not_fit_is_named(source, tmp_path):
    path = source / 'main_data/metadata_phase_1.csv'
    text = path.read_text().replace('\nP101R2,test', '\nP101R2,train')
    write_text(path, text.replace('/s50414267/', '/', 1))
    folder = source / 'main_data/P102R1'
    (folder / 'anomaly_location_ellipses.csv').unlink()
    write_text(folder / 'chest_bounding_box.csv', 'xmin,ymin,xmax,ymax\n9,9,9,x\n')
    path = source / 'main_data/P300R1/anomaly_location_ellipses.csv'
    header = path.read_text()
    write_text(path, f'{header}5,5,9,9,5{",False" * len(REFLACX_FINDINGS)}\n')
    listing, tally = list_source(CONVERTER, source, **DEFAULT)
    name = 'main_data/metadata_phase_1.csv: row'
    assert tally.faults() == {
        'invalid': {
            'invalid: readings without study or size of their film; left out': [
                f'{name} 1'
            ],
            'invalid: readings that contradict another of their film; left out': [
                f'{name} 3'
            ],
            'invalid: boxes of the chest that are none': [
                'main_data/P102R1/chest_bounding_box.csv: row 1'
            ],
            'invalid: ellipses that are none': [
                'main_data/P300R1/anomaly_location_ellipses.csv: row 1'
            ],
        },
        'missing': {'missing: ellipses of readings': ['P102R1']},
    }
    assert [film.file for film in listing.films] == [None] * 3


@pytest.mark.parametrize(
    ('old', 'new', 'message'),
    [
        (',5,1,', ',7,1,', "row 1, column 'Mass': '7' is no certainty of 0 to 5"),
        (',False,False', ',No,False', "column 'Support devices': 'No' is neither"),
        (',test,', ',exam,', "row 1, column split: 'exam' is none of train"),
        ('Wide mediastinum', 'Wide', "no column 'Wide mediastinum'"),
    ],
)
def test_a_bad_table_is_refused(source, old, new, message):
    path = source / 'main_data/metadata_phase_1.csv'
    write_text(path, path.read_text().replace(old, new, 1))
    with pytest.raises(TableError, match=f'metadata_phase_1.csv: .*{message}'):
        list_source(CONVERTER, source, **DEFAULT)
