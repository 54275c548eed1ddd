"""TBX11K.

Layout: github.com/yun-liu/Tuberculosis and torchxrayvision's reader (folders, COCO
JSON with file names such as ``tb/tb0003.png``); the seven lists as in
github.com/dataset-ninja/tbx-11k.
"""

import json

import pytest
from downloads import list_source, write_image, write_text

from mmcxr.datasets.public.tbx11k import TBX11K, TBX11KSeg
from mmcxr.datasets.tables.splits import read_split
from mmcxr.datasets.tables.table import TableError, read_table
from mmcxr.preparing.convert import convert
from mmcxr.preparing.placing import Options
from mmcxr.preparing.readers.tbx11k import CONVERTER

CATEGORIES = [
    {'supercategory': 'Tuberculosis', 'id': 1, 'name': 'ActiveTuberculosis'},
    {'supercategory': 'Tuberculosis', 'id': 2, 'name': 'ObsoletePulmonaryTuberculosis'},
    {'supercategory': 'Tuberculosis', 'id': 3, 'name': 'PulmonaryTuberculosis'},
]
TRAIN = ['health/h0001.png', 'sick/s0001.png', 'tb/tb0003.png', 'tb/tb1199.png']
VAL = ['tb/tb0004.png', 'health/h0002.png']
TEST = ['test/test_0001.png', 'extra/da+db/test/p001.png']
BOXES = {
    'tb/tb0003.png': [(1, [20.5, 30.25, 100, 50]), (2, [300, 100, 60, 60])],
    'tb/tb0004.png': [(2, [500.0, 400.0, 12.0, 80.0])],
}


@pytest.fixture
def source(tmp_path):
    root = tmp_path / 'TBX11K'
    for image in [*TRAIN, *VAL, *TEST]:
        write_image(root / 'imgs' / image, (64, 64))
    for split, names in dict(train=TRAIN, val=VAL).items():
        images = [
            dict(file_name=name, height=512, width=512, id=number)
            for number, name in enumerate(names, start=1)
        ]
        annotations = [
            dict(image_id=image['id'], category_id=kind, bbox=box, iscrowd=0)
            for image in images
            for kind, box in BOXES.get(image['file_name'], [])
        ]
        content = dict(images=images, annotations=annotations, categories=CATEGORIES)
        path = root / f'annotations/json/TBX11K_{split}.json'
        write_text(path, json.dumps(content))
        write_text(root / f'lists/TBX11K_{split}.txt', '\n'.join(names) + '\n')
    write_text(root / 'lists/all_test.txt', '\n'.join(TEST) + '\n')
    return root


def test_labels_boxes_and_splits(source, tmp_path):
    found = convert(CONVERTER, source, tmp_path / 'out')
    table = read_table(tmp_path / 'out', check_files=-1).set_index('image')
    assert list(table.index) == [*TRAIN, *VAL, TEST[0]]
    assert table['Tuberculosis'].tolist()[:6] == [0, 0, 1, 1, 1, 0]
    assert table['Healthy'].tolist()[:6] == [1, 0, 0, 0, 0, 1]
    assert table['Sick'].tolist()[:6] == [0, 1, 0, 0, 0, 0]
    kinds = table[['ActiveTuberculosis', 'ObsoletePulmonaryTuberculosis']]
    assert kinds.loc['tb/tb0003.png'].tolist() == [1, 1]
    assert kinds.loc['tb/tb0004.png'].tolist() == [0, 1]
    assert kinds.loc['tb/tb1199.png'].isna().all()
    assert table.loc[TEST[0], ['Tuberculosis', 'Healthy']].isna().all()
    # Films of 64 px here, boxes of 512.
    assert table.loc['tb/tb0003.png', 'boxes'] == [
        [2.56, 3.78, 12.5, 6.25, 'ActiveTuberculosis'],
        [37.5, 12.5, 7.5, 7.5, 'ObsoletePulmonaryTuberculosis'],
    ]
    scheme = read_split(tmp_path / 'out', 'official', table.reset_index())
    assert {name: len(rows) for name, rows in scheme.rows.items()} == dict(
        train=4, val=2, test=1
    )
    assert found.tally.names('films of other data sets; left out') == [
        'imgs/extra/da+db/test/p001.png'
    ]
    assert found.tally.names('films of tuberculosis without a box') == ['tb/tb1199.png']
    assert found.refused() == ['count']
    assert len(TBX11K(tmp_path / 'out')) == 6
    assert len(TBX11KSeg(tmp_path / 'out')) == 5  # but for tb1199 and the test film


def test_shrunk(source, tmp_path):
    convert(CONVERTER, source, tmp_path / 'out', Options(size=32))
    boxes = read_table(tmp_path / 'out')['boxes'][4]
    assert boxes == [[31.25, 25, 0.75, 5, 'ObsoletePulmonaryTuberculosis']]


def test_what_does_not_fit_is_named(source):
    path = source / 'annotations/json/TBX11K_val.json'
    content = json.loads(path.read_text())
    content['annotations'].append(dict(image_id=2, category_id=1, bbox=[1, 1, 2, 2]))
    content['images'].append(dict(file_name='tb/tb9.png', height=1, width=1, id=9))
    write_text(path, json.dumps(content))
    path = source / 'lists/TBX11K_train.txt'
    write_text(path, path.read_text() + 'cats/c1.png\ntb/tb0777.png\n')
    _, tally = list_source(CONVERTER, source)
    assert tally.faults() == {
        'invalid': {
            'invalid: films of no known folder': ['cats/c1.png'],
            'invalid: boxes on films without tuberculosis': ['health/h0002.png'],
            'invalid: films of the JSON that no list has': ['tb/tb9.png'],
        },
        'missing': {'missing: films without an entry in the JSON': ['tb/tb0777.png']},
    }
    (source / 'lists/all_test.txt').unlink()
    listing, tally = list_source(CONVERTER, source)
    assert listing.release == 'labelled films'
    assert tally.names('lists not there') == ['all_test.txt']
    content['annotations'][0]['bbox'] = [1, 2, 3]
    write_text(source / 'annotations/json/TBX11K_val.json', json.dumps(content))
    with pytest.raises(TableError, match='TBX11K_val.json: not annotations in COCO'):
        list_source(CONVERTER, source)
