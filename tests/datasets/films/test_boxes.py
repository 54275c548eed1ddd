"""Boxes as masks: against a loop over pixels, and from tables."""

import json

import numpy as np
import pytest

from mmcxr.datasets.films.boxes import fill_boxes
from mmcxr.datasets.films.film import MaskError
from mmcxr.datasets.tables.table import TableError
from mmcxr.registry import DATASETS

SHAPE = (11, 7)


def naive(boxes, shape) -> np.ndarray:
    """Pixel (i, j) is the square from (j, i) to (j + 1, i + 1)."""
    mask = np.zeros(shape, np.uint8)
    for i in range(shape[0]):
        for j in range(shape[1]):
            mask[i, j] = any(
                x < j + 1 and j < x + w and y < i + 1 and i < y + h
                for x, y, w, h, *_ in boxes
            )
    return mask


def touching(rng, shape, whole: bool) -> list[float]:
    """A box that reaches into the film, and often out of it."""
    height, width = shape
    while True:
        x, w = rng.uniform(-5, width + 3), rng.uniform(0.01, 8)
        y, h = rng.uniform(-5, height + 3), rng.uniform(0.01, 8)
        box = [x, y, w, h]
        if whole:
            box = [float(np.floor(v)) + (i > 1) for i, v in enumerate(box)]
        if naive([box], shape).any():
            return box


@pytest.mark.parametrize('whole', [True, False], ids=['whole', 'fractions'])
def test_against_a_loop_over_pixels(whole):
    rng = np.random.default_rng(0)
    for _ in range(200):
        boxes = [touching(rng, SHAPE, whole) for _ in range(rng.integers(1, 4))]
        mask = fill_boxes(boxes, SHAPE)
        assert mask.dtype == np.uint8 and mask.shape == SHAPE
        assert np.array_equal(mask, naive(boxes, SHAPE)), boxes


def test_area_of_whole_boxes():
    assert fill_boxes([[2, 1, 3, 4, 'Mass']], SHAPE).sum() == 12
    overlapping = [[0, 0, 3, 3], [2, 2, 3, 3], [2, 2, 3, 3]]
    assert fill_boxes(overlapping, SHAPE).sum() == 9 + 9 - 1


def test_whole_film_and_nothing():
    assert fill_boxes([[-3, -3, 99, 99]], SHAPE).all()
    assert not fill_boxes([], SHAPE).any()


def test_a_thin_box_is_not_lost():
    assert fill_boxes([[3.2, 4.6, 0.1, 0.1]], SHAPE).sum() == 1


@pytest.mark.parametrize('box', [[7, 0, 2, 2], [-2, 0, 2, 2], [0, 11, 1, 1]])
def test_a_box_outside_the_film_is_refused(box):
    with pytest.raises(MaskError, match=r'a\.png: the box .* film, which is 7 pixels'):
        fill_boxes([[0, 0, 1, 1], box], SHAPE, 'a.png')


COLUMNS = ('image', 'patient_id', 'study_id', 'boxes', 'Pneumonia')


def boxed(make_dataset, rows, **options):
    """Dataset of rows (image, boxes, label)."""
    rows = [
        (image, f'p{number}', f's{number}', json.dumps(boxes), label)
        for number, (image, boxes, label) in enumerate(rows)
    ]
    root = make_dataset(rows, COLUMNS, [(row[0], 'train') for row in rows])
    return DATASETS.build(dict(type='RSNAPneumoniaSeg', data_root=str(root), **options))


ROWS = [
    ('a.png', [[1, 2, 3, 4, 'Lung Opacity'], [2, 2, 9, 9, 'Mass']], 1),
    ('b.png', [], 0),
    ('c.png', [], 1),
]


def test_dataset_of_boxes(make_dataset):
    dataset = boxed(make_dataset, ROWS)
    items = [dataset.get_data_info(i) for i in range(len(dataset))]
    assert [item['image'] for item in items] == ['a.png', 'b.png']
    assert items[0]['boxes'] == ROWS[0][1] and items[1]['boxes'] == []
    assert all('seg_map_path' not in item for item in items)
    assert dataset.metainfo['left_out'] == {'no boxes': 1}


def test_boxes_of_chosen_labels(make_dataset):
    facts = dict(box_labels=['Mass', 'Nodule'])
    dataset = boxed(make_dataset, ROWS, metainfo=facts)
    assert dataset.get_data_info(0)['boxes'] == [[2, 2, 9, 9, 'Mass']]


def test_labels_that_no_box_has(make_dataset):
    facts = dict(box_labels=['Masses'])
    with pytest.raises(TableError, match='labelled Masses; it has those of Lung Opac'):
        boxed(make_dataset, ROWS, metainfo=facts)


def test_a_source_without_boxes(make_dataset):
    with pytest.raises(TableError, match="boxes. Dataset 'rsna' takes them for masks"):
        boxed(make_dataset, ROWS[1:])


def test_boxes_move_with_the_film(make_dataset):
    pipeline = [
        dict(type='LoadFilm'),
        dict(type='LoadBoxMask'),
        dict(type='FilmResize', size=40, keep_ratio=False),
    ]
    dataset = boxed(make_dataset, ROWS[:2], pipeline=pipeline)
    mask = dataset[0]['gt_seg_map']  # films of conftest: 20 x 24
    assert mask.shape == (40, 40)
    assert mask.mean() == pytest.approx(naive(ROWS[0][1], (20, 24)).mean(), abs=0.02)
    assert not dataset[1]['gt_seg_map'].any()
