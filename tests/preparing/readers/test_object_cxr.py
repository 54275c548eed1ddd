"""Object-CXR.

Layout and annotations: github.com/hlk-1135/object-CXR (read-me, ``draw_annotation`` of
the baseline), file names as on archive.org/download/object-CXR.
"""

import zipfile

import cv2
import numpy as np
import pytest
from downloads import check_published, list_source, write_image, write_text

from mmcxr.datasets.public.object_cxr import ObjectCXR, ObjectCXRSeg
from mmcxr.datasets.tables.table import TableError, read_table
from mmcxr.preparing.convert import convert
from mmcxr.preparing.readers.object_cxr import CONVERTER, ShapeMask

ROWS = dict(
    train='00001.jpg,0 10 20 29 39;1 50 40 70 50\n00002.jpg,\n',
    dev='08001.jpg,2 5 5 15 5 15 25 5 25\n',
    test='09001.jpg,\n',
)


@pytest.fixture
def source(tmp_path):
    root = tmp_path / 'object-CXR'
    for name, rows in ROWS.items():
        write_text(root / f'{name}.csv', f'image_name,annotation\n{rows}')
        with zipfile.ZipFile(root / f'{name}.zip', 'w') as archive:
            for row in rows.splitlines():
                image = row.partition(',')[0]
                film = write_image(tmp_path / image, (80, 90))
                archive.write(film, f'{name}/{image}')
    return root


def test_shapes_become_a_mask_and_boxes(source, tmp_path):
    out = tmp_path / 'out'
    found = convert(CONVERTER, source, out)
    table = read_table(out, check_files=-1)
    assert table['image'].tolist() == [
        '00001.jpg',
        '00002.jpg',
        '08001.jpg',
        '09001.jpg',
    ]
    assert table['Foreign object'].tolist() == [1, 0, 1, 0]
    assert table['boxes'].tolist() == [
        [[10, 20, 20, 20, 'Foreign object'], [50, 40, 21, 11, 'Foreign object']],
        [],
        [[5, 5, 11, 21, 'Foreign object']],
        [],
    ]
    mask = cv2.imread(str(out / 'masks/00001.png'), cv2.IMREAD_UNCHANGED)
    assert mask[20:40, 10:30].all() and not mask[19, 10:30].any()
    assert not mask[20:40, 30].any()
    assert mask[45, 50:71].all() and not mask[40, 50] and mask[40, 60]
    mask = cv2.imread(str(out / 'masks/08001.png'), cv2.IMREAD_UNCHANGED)
    assert mask.sum() == 11 * 21 and mask[5:26, 5:16].all()
    assert found.refused() == ['count']
    assert len(ObjectCXR(out)) == len(ObjectCXRSeg(out)) == 4


def test_shapes_against_their_geometry():
    """Every pixel well inside a shape is drawn, none well outside."""
    rows, columns = np.mgrid[:200, :200]
    ellipse = ShapeMask((('1', (20, 50, 180, 110)),)).draw((200, 200))
    radius = ((columns - 100) / 80) ** 2 + ((rows - 80) / 30) ** 2
    assert ellipse[radius < 0.9].all() and not ellipse[radius > 1.1].any()
    triangle = ShapeMask((('2', (10, 10, 190, 10, 10, 190)),)).draw((200, 200))
    assert triangle[(rows > 11) & (columns > 11) & (rows + columns < 198)].all()
    assert not triangle[(rows < 9) | (columns < 9) | (rows + columns > 202)].any()
    beyond = ShapeMask((('0', (150, 150, 400, 160)),)).draw((200, 200))
    assert beyond.sum() == 50 * 11


@pytest.mark.parametrize(
    'annotation',
    [
        '3 1 2 3 4',
        '0 1 2 3',
        '0 5 5 1 9',
        '1 1 1 1 9',
        '2 1 1 2 2',
        '2 1 1 2 2 3',
        '0 a b c d',
    ]
    + ['0', 'x', '2 1 1 2 2 3 3 4', '0 1 2 inf 4'],
)
def test_what_is_no_shape_is_named(tmp_path, annotation):
    write_text(
        tmp_path / 'train.csv', f'image_name,annotation\na.jpg,0 1 1 2 2;{annotation}\n'
    )
    write_image(tmp_path / 'a.jpg')
    listing, tally = list_source(CONVERTER, tmp_path)
    assert tally.faults()['invalid'] == {
        'invalid: annotations that are no shape': [
            f'train.csv: row 1 (a.jpg): {annotation}'
        ]
    }
    assert len(listing.films[0].boxes) == 1
    assert tally.names('tables not there') == ['dev.csv', 'test.csv']


def test_a_film_whose_shapes_are_all_bad_is_unknown_to_segmentation(tmp_path):
    rows = 'a.jpg,9 9\nb.jpg,\nc.jpg,0 1 1 5 5\n'
    write_text(tmp_path / 'train.csv', f'image_path,annotation\n{rows}')
    for name in 'abc':
        write_image(tmp_path / f'{name}.jpg')
    convert(CONVERTER, tmp_path, tmp_path / 'out')
    assert len(ObjectCXRSeg(tmp_path / 'out')) == 2


def test_no_tables(tmp_path):
    with pytest.raises(TableError, match="holds no 'train.csv'"):
        list_source(CONVERTER, tmp_path)
    write_text(tmp_path / 'train.csv', 'image,annotation\na.jpg,\n')
    with pytest.raises(TableError, match="train.csv: no column 'image_name'"):
        list_source(CONVERTER, tmp_path)


def test_published_numbers(tmp_path):
    """Tables of the published sizes pass; the names are BenchX's."""
    sizes = dict(train=(1, 8_000), dev=(8_001, 1_000), test=(9_001, 1_000))
    for name, (first, count) in sizes.items():
        rows = [
            f'{number:05}.jpg,{"0 1 1 9 9" if number % 2 else ""}'
            for number in range(first, first + count)
        ]
        text = '\n'.join(['image_name,annotation', *rows, ''])
        write_text(tmp_path / f'{name}.csv', text)
    listing, _ = list_source(CONVERTER, tmp_path)
    assert check_published(CONVERTER, listing) == 7
