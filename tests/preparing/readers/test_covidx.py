"""COVIDx CXR-4.

Layout: https://www.kaggle.com/datasets/andyczhao/covidx-cxr2 (lists and folders);
columns as read by github.com/lindawangg/COVID-Net (``docs/COVIDx.md``); names of files
as in BenchX's lists of it.
"""

import pytest
from downloads import list_source, write_image, write_text

from mmcxr.datasets.public.covidx import COVIDx
from mmcxr.datasets.tables.splits import read_split
from mmcxr.datasets.tables.table import TableError, read_table
from mmcxr.preparing.convert import convert
from mmcxr.preparing.readers.covidx import CONVERTER

TRAIN = """sub-S311516 sub-S311516_ses-E26197_run-1_bp-chest_vp-ap_dx.png positive bimcv
109 000001-4.png positive cohen
109 000001-4.png positive cohen
a1dc7fe9 a1dc7fe9-1e55-4956-9f04-f99f624faefb.png negative rsna
7 COVID (1).png positive sirm
"""
VAL = 'sub-S03044 sub-S03044_ses-E06138_run-1_bp-chest_vp-ap_cr.png negative bimcv\n'
TEST = '419639 MIDRC-RICORD-1C-419639-001464-39871-0.png positive ricord\n'
LISTS = dict(train=TRAIN, val=VAL, test=TEST)
IMAGES = [
    'train/sub-S311516_ses-E26197_run-1_bp-chest_vp-ap_dx.png',
    'train/000001-4.png',
    'train/a1dc7fe9-1e55-4956-9f04-f99f624faefb.png',
    'train/COVID (1).png',
    'val/sub-S03044_ses-E06138_run-1_bp-chest_vp-ap_cr.png',
    'test/MIDRC-RICORD-1C-419639-001464-39871-0.png',
]


def write_covidx(root):
    """Six films in three folders."""
    for split, text in LISTS.items():
        write_text(root / f'{split}.txt', text)
    for image in IMAGES:
        write_image(root / image)
    return root


@pytest.fixture
def source(tmp_path):
    return write_covidx(tmp_path / 'covidx-cxr2')


def test_lists_and_labels(source, tmp_path):
    found = convert(CONVERTER, source, tmp_path / 'out')
    table = read_table(tmp_path / 'out', check_files=-1)
    assert table['image'].tolist() == IMAGES
    assert table['COVID-19'].tolist() == [1, 1, 0, 1, 0, 1]
    assert table['patient_id'].tolist()[:2] == ['sub-S311516', '109']
    assert table['extra_source'][2] == 'rsna'
    scheme = read_split(tmp_path / 'out', 'official', table)
    assert [len(scheme.of(name)) for name in LISTS] == [4, 1, 1]
    again = 'train.txt: row 3 (109 000001-4.png positive cohen)'
    assert found.tally.names('rows left out, film listed before') == [again]
    (kind,) = found.tally.faults()['count']
    assert found.tally.names(kind) == [
        'train.txt: 5 of 67863',
        'val.txt: 1 of 8473',
        'test.txt: 1 of 8482',
    ]
    assert found.refused() == ['count']
    assert len(COVIDx(tmp_path / 'out', 'official', 'train')) == 4


def test_what_is_amiss_is_named(source, tmp_path):
    more = '8 000001-4.png negative cohen\n110 000001-4.png positive fig1\n'
    more += '9 x.png pneumonia rsna\n9 positive rsna\n'
    write_text(source / 'train.txt', TRAIN + more)
    write_image(source / 'train/more.png')
    (source / 'val.txt').unlink()
    found = convert(CONVERTER, source, tmp_path / 'out')
    faults = found.tally.faults()
    place = 'train.txt: row {} ({})'
    assert faults['invalid'] == {
        'invalid: films of both classes; the first row counts': [
            place.format(6, '8 000001-4.png negative cohen')
        ],
        'invalid: rows that are no patient, file, class and source': [
            place.format(8, '9 x.png pneumonia rsna'),
            place.format(9, '9 positive rsna'),
        ],
    }
    kind = 'rows left out, film listed before for another patient or source'
    assert found.tally.count(kind) == 1
    extra = faults['extra']['extra: film files that nothing lists']
    assert extra == ['train/more.png', IMAGES[4]]
    assert found.tally.names('lists not there') == ['val.txt']
    for path in source.glob('*.txt'):
        path.unlink()
    with pytest.raises(TableError, match='holds no train.txt, val.txt or test.txt'):
        list_source(CONVERTER, source)
