"""RANZCR CLiP.

Layout: https://www.kaggle.com/c/ranzcr-clip-catheter-line-classification/data (names
and columns of the files; a row of train_annotations.csv is a line of points).
"""

import json
from dataclasses import replace

import pytest
from downloads import list_source, write_image, write_text

from mmcxr.datasets.public.ranzcr_clip import RANZCR_LABELS, RANZCRCLiP
from mmcxr.datasets.tables.splits import read_split
from mmcxr.datasets.tables.table import TableError, label_columns, read_table
from mmcxr.preparing.convert import convert
from mmcxr.preparing.placing import Options
from mmcxr.preparing.readers.ranzcr_clip import CONVERTER, parse_points

A, B, C = (f'1.2.826.0.1.3680043.8.498.{n}' for n in (261, 262, 999))


def label_row(image, patient, *names) -> str:
    cells = [str(int(name in names)) for name in RANZCR_LABELS]
    return ','.join([image, *cells, patient]) + '\n'


HEADER = ','.join(['StudyInstanceUID', *RANZCR_LABELS, 'PatientID']) + '\n'
LINES = 'StudyInstanceUID,label,data\n'
LINES += f'{A},CVC - Normal,"[[10, 20], [40, 8], [30, 50]]"\n'
LINES += f'{A},ETT - Normal,"[[50, 4], [50, 30]]"\n'


@pytest.fixture
def source(tmp_path):
    root = tmp_path / 'ranzcr-clip-catheter-line-classification'
    rows = label_row(A, 'ec89415d1', 'CVC - Normal', 'ETT - Normal')
    write_text(root / 'train.csv', HEADER + rows + label_row(B, 'bf4c6da3c'))
    write_text(root / 'train_annotations.csv', LINES)
    for image in (A, B):
        write_image(root / f'train/{image}.jpg', (64, 60))
    write_image(root / f'test/{C}.jpg')
    write_text(root / 'sample_submission.csv', 'StudyInstanceUID\n')
    write_text(root / 'train_tfrecords/00-1881.tfrec', 'x')
    return root


def test_table(source, tmp_path):
    out = tmp_path / 'out'
    found = convert(CONVERTER, source, out, Options(size=30))
    table = read_table(out, check_files=-1)
    assert label_columns(table) == list(RANZCR_LABELS)
    assert table['image'].tolist() == [f'{image}.jpg' for image in (A, B, C)]
    assert table['patient_id'].tolist() == ['ec89415d1', 'bf4c6da3c', f'{C}.jpg']
    assert table.loc[0, ['CVC - Normal', 'ETT - Normal', 'NGT - Normal']].tolist() == [
        1,
        1,
        0,
    ]
    assert (table.loc[1, list(RANZCR_LABELS)] == 0).all()
    assert table.loc[2, list(RANZCR_LABELS)].isna().all()
    # The film of 64 x 60 became 32 x 30; points keep to the official one.
    assert table['boxes'][0] == [
        [5, 4, 15.5, 21.5, 'CVC - Normal'],
        [25, 2, 0.5, 13.5, 'ETT - Normal'],
    ]
    lines = json.loads(table['extra_lines'][0])
    assert lines[0] == ['CVC - Normal', [[10, 20], [40, 8], [30, 50]]]
    assert table['boxes'][1] == [] and table['extra_lines'][1] == ''
    scheme = read_split(out, 'official', table)
    assert scheme.of('train').tolist() == [0, 1] and scheme.of('test').tolist() == [2]
    assert found.refused() == ['count']
    assert len(RANZCRCLiP(out)) == 2


def test_counts_are_held_to_the_published_ones(source, tmp_path):
    """Those of the release: with films of the test set, or without."""
    rows, images = CONVERTER.reported
    toy = (
        replace(rows, splits=dict(official=dict(train=2))),
        replace(images, images=2),
    )
    toy = replace(CONVERTER, reported=toy)
    found = convert(toy, source, tmp_path / 'both')
    assert found.refused() == [] and found.counts[0].reported == 2
    (source / f'test/{C}.jpg').unlink()
    found = convert(toy, source, tmp_path / 'train')
    assert found.refused() == []
    assert [c.reported for c in found.counts if c.name == 'images'] == [2]
    (source / f'train/{B}.jpg').unlink()
    found = convert(toy, source, tmp_path / 'less')
    assert found.tally.count('count: numbers that differ') == 2


def test_what_does_not_fit_is_named(source, tmp_path):
    bad = f'{A},Dragon,"[[1, 2]]"\n{C},CVC - Normal,"[[1, 2]]"\n'
    bad += f'{A},CVC - Normal,"[[1, 2, 3]]"\n{B},NGT - Normal,"[[1, 2], [3, 4]]"\n'
    write_text(source / 'train_annotations.csv', LINES + bad)
    (source / f'train/{B}.jpg').unlink()
    write_image(source / 'train/1.5.jpg')
    faults = convert(CONVERTER, source, tmp_path / 'out').tally.faults()
    place = 'train_annotations.csv: row {} ({})'
    faults.pop('count')
    assert faults == {
        'invalid': {
            'invalid: lines of an unknown label': [f'{place.format(3, A)}: Dragon'],
            'invalid: lines of films without labels': [place.format(4, C)],
            'invalid: lines that are no list of points': [place.format(5, A)],
            'invalid: lines whose label is 0': [f'{B}: NGT - Normal'],
        },
        'missing': {'missing: listed films that are not there': [f'{B}.jpg']},
        'extra': {'extra: film files that nothing lists': ['train/1.5.jpg']},
    }


@pytest.mark.parametrize('text', ['', '[]', '{}', '[1, 2]', '[["1", 2]]', '[[1, NaN'])
def test_no_points(text):
    assert parse_points(text) is None


@pytest.mark.parametrize(
    ('old', 'new', 'message'),
    [
        (',1,', ',yes,', "row 1, column 'ETT - Normal': 'yes' is neither 0 nor 1"),
        ('NGT - Borderline', 'NGT', "no column 'NGT - Borderline'"),
        (',bf4c6da3c', '', 'row 2 .* cut short'),
    ],
)
def test_a_bad_table_is_refused(source, old, new, message):
    path = source / 'train.csv'
    write_text(path, path.read_text().replace(old, new, 1))
    with pytest.raises(TableError, match=f'train.csv: {message}'):
        list_source(CONVERTER, source)
