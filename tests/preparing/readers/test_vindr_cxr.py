"""VinDr-CXR: PhysioNet's files and Kaggle's.

Layout: https://physionet.org/content/vindr-cxr/1.0.0/ and its readers, for instance
github.com/Soombit-ai/cxr-clip (``datasets/README.md``); the spelling "Other disease" of
the test file as in github.com/LAION-AI (``vindr`` shards). Kaggle's table is real.
"""

import itertools
import json

import pytest
from downloads import (
    check_published,
    list_source,
    real_table,
    write_dicom,
    write_text,
)

from mmcxr.datasets.public.vindr_cxr import VINDR_COLUMNS, VinDrCXR
from mmcxr.datasets.tables.splits import read_split
from mmcxr.datasets.tables.table import TableError, label_columns, read_table
from mmcxr.preparing.convert import convert
from mmcxr.preparing.placing import Options
from mmcxr.preparing.readers.vindr_cxr import CONVERTER, combine

A, B, C = (letter * 32 for letter in 'abc')


def label_row(image, reader, *names) -> str:
    cells = [str(int(name in names)) for name in VINDR_COLUMNS]
    return ','.join([image, *([reader] if reader else []), *cells])


@pytest.fixture
def source(tmp_path):
    root = tmp_path / 'physionet.org/files/vindr-cxr/1.0.0'
    for image, split in ((A, 'train'), (B, 'train'), (C, 'test')):
        write_dicom(
            root / split / f'{image}.dicom',
            (300, 200),
            PatientSex='F' if image == A else '',
            PatientAge='058Y',
            PhotometricInterpretation='MONOCHROME1' if image == B else 'MONOCHROME2',
        )
    header = ','.join(['image_id', 'rad_id', *VINDR_COLUMNS])
    rows = [
        label_row(A, 'R9', 'Cardiomegaly', 'Pneumonia'),
        label_row(A, 'R10', 'Cardiomegaly'),
        label_row(A, 'R8', 'No finding'),
        *(label_row(B, f'R{n}', 'No finding') for n in (1, 2, 3)),
    ]
    folder = root / 'annotations'
    write_text(folder / 'image_labels_train.csv', '\n'.join([header, *rows, '']))
    names = [*VINDR_COLUMNS[:-2], 'Other disease', 'No finding']
    header = ','.join(['image_id', *names])
    rows = [label_row(C, '', 'Other diseases', 'Nodule/Mass')]
    write_text(folder / 'image_labels_test.csv', '\n'.join([header, *rows, '']))
    write_text(
        folder / 'annotations_train.csv',
        'image_id,rad_id,class_name,x_min,y_min,x_max,y_max\n'
        f'{A},R9,Cardiomegaly,20.5,100.0,180.0,250.0\n'
        f'{A},R10,Cardiomegaly,22.0,101.0,181.0,252.0\n'
        f'{A},R8,No finding,,,,\n'
        + ''.join(f'{B},R{n},No finding,,,,\n' for n in (1, 2, 3)),
    )
    write_text(
        folder / 'annotations_test.csv',
        'image_id,class_name,x_min,y_min,x_max,y_max\n'
        f'{C},Nodule/Mass,10.0,20.0,40.0,50.0\n{C},Other disease,,,,\n',
    )
    return root


def test_physionet(source, tmp_path):
    found = convert(CONVERTER, source.parents[3], tmp_path / 'out')
    table = read_table(tmp_path / 'out', check_files=-1)
    assert label_columns(table) == list(VINDR_COLUMNS)
    assert table['image'].tolist() == [f'{image}.png' for image in (A, B, C)]
    positive = [
        [name for name in VINDR_COLUMNS if row[name] == 1]
        for _, row in table.iterrows()
    ]
    assert positive == [
        ['Cardiomegaly', 'Pneumonia', 'No finding'],
        ['No finding'],
        ['Nodule/Mass', 'Other diseases'],
    ]
    assert json.loads(table['extra_votes'][0]) == {
        'Cardiomegaly': 2,
        'Pneumonia': 1,
        'No finding': 1,
    }
    assert table['extra_readers'].tolist() == ['R9 R10 R8', 'R1 R2 R3', '']
    assert table['boxes'][0] == [
        [20.5, 100, 159.5, 150, 'Cardiomegaly'],
        [22, 101, 159, 151, 'Cardiomegaly'],
    ]
    assert table['boxes'][2] == [[10, 20, 30, 30, 'Nodule/Mass']]
    assert table['sex'].tolist() == ['F', '', ''] and set(table['view']) == {'PA'}
    assert set(table['age']) == {'58'}
    scheme = read_split(tmp_path / 'out', 'official', table)
    assert scheme.of('test').tolist() == [2]
    assert found.refused() == ['count']
    assert len(VinDrCXR(tmp_path / 'out')) == 3


@pytest.mark.parametrize(
    ('rule', 'expected'),
    [('any', [1, 1, 1]), ('majority', [1, 0, 0]), ('agreed', [-1, -1, -1])],
)
def test_rules(source, tmp_path, rule, expected):
    found = convert(CONVERTER, source, tmp_path / 'out', Options(size=64), readers=rule)
    table = read_table(tmp_path / 'out')
    names = ['Cardiomegaly', 'Pneumonia', 'No finding']
    assert table.loc[0, names].tolist() == expected
    assert table.loc[1, names].tolist() == [0, 0, 1]
    assert table['boxes'][2] == [[3.2, 6.4, 9.6, 9.6, 'Nodule/Mass']]
    assert found.refused() == ['count']


def test_rules_against_their_words():
    for votes in itertools.product((0, 1, None), repeat=3):
        known = [vote for vote in votes if vote is not None]
        if not known:
            assert {combine(votes, rule) for rule in ('any', 'majority', 'agreed')} == {
                ''
            }
            continue
        assert combine(votes, 'any') == int(1 in known)
        assert combine(votes, 'majority') == int(known.count(1) > known.count(0))
        agreed = known[0] if known.count(known[0]) == len(known) else -1
        assert combine(votes, 'agreed') == agreed


def test_what_does_not_fit_is_named(source):
    path = source / 'annotations/annotations_train.csv'
    text = path.read_text()
    bad = f'{A},R9,Dragon,1,1,2,2\n{A},R9,ILD,5,5,5,9\n{A},R9,ILD,a,1,2,3\n'
    write_text(path, f'{text}{bad}{C},R9,ILD,1,1,2,2\n')
    (source / f'train/{B}.dicom').rename(source / 'train/other.dicom')
    listing, tally = list_source(CONVERTER, source, readers='any')
    place = f'annotations/annotations_train.csv: row {{}} ({A})'
    assert tally.faults() == {
        'invalid': {
            "invalid: classes that are not VinDr-CXR's": [place.format(7)],
            'invalid: boxes that are none': [place.format(8), place.format(9)],
            'invalid: boxes of films without labels': [
                f'annotations/annotations_train.csv: {C}'
            ],
        }
    }
    assert listing.films[1].file is None
    path = source / 'annotations/image_labels_train.csv'
    write_text(path, path.read_text().replace(',1,', ',yes,', 1))
    with pytest.raises(TableError, match="row 1, column 'Cardiomegaly': 'yes' is"):
        list_source(CONVERTER, source, readers='any')
    write_text(path, path.read_text().replace('Edema', 'Oedema', 1))
    with pytest.raises(TableError, match="no column 'Edema' .did you mean 'Oedema'"):
        list_source(CONVERTER, source, readers='any')


def test_the_real_table(tmp_path):
    (tmp_path / 'train.csv').write_bytes(real_table('vinbigdata-train.csv.gz'))
    image = '9a5094b2563a1ef3ff50dc5c7ff71345'
    write_dicom(tmp_path / f'train/{image}.dicom', (2500, 2000))
    listing, tally = list_source(CONVERTER, tmp_path, readers='any')
    assert check_published(CONVERTER, listing) == 17 and not tally.faults()
    assert all(len(film.cells['extra_readers'].split()) == 3 for film in listing.films)
    convert(CONVERTER, tmp_path, tmp_path / 'out', readers='any')
    table = read_table(tmp_path / 'out')
    assert table['image'].tolist() == [f'{image}.png']
    assert [691, 1375, 962, 456, 'Cardiomegaly'] in table['boxes'][0]
