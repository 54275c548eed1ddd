"""Outlines over films: where they lie, what is left as it was, what is written."""

import numpy as np
import pytest

from mmcxr.visualization.masks import (
    PREDICTION,
    TRUTH,
    contact_sheet,
    draw_masks,
    draw_outlines,
)

FILM = np.full((60, 80), 100, np.uint8)


def square(top: int, left: int, size: int) -> np.ndarray:
    mask = np.zeros(FILM.shape, np.uint8)
    mask[top : top + size, left : left + size] = 1
    return mask


def coloured(picture: np.ndarray) -> np.ndarray:
    """(H, W) where the picture is not grey."""
    return np.ptp(picture.astype(int), axis=2) > 0


def distance(pixel: np.ndarray, colour: tuple) -> float:
    """An outline's edges are smoothed, so its pixels are near its colour."""
    return np.abs(pixel.astype(int) - colour).sum()


def test_outline_is_the_edge_of_the_mask():
    picture = draw_outlines(FILM, square(10, 20, 20), None, height=60)
    rows, columns = np.nonzero(coloured(picture))
    assert {rows.min(), rows.max()} <= {9, 10, 29, 30}
    assert {columns.min(), columns.max()} <= {19, 20, 39, 40}
    assert distance(picture[10, 30], TRUTH) < distance(picture[10, 30], PREDICTION)
    inside = picture[13:27, 23:37]
    assert (inside == 100).all()


def test_masks_grow_with_the_film():
    picture = draw_outlines(FILM, None, square(10, 20, 20), height=240)
    assert picture.shape == (240, 320, 3) and picture.dtype == np.uint8
    rows, columns = np.nonzero(coloured(picture))
    for found, edge in zip(
        (rows.min(), rows.max(), columns.min(), columns.max()),
        (40, 120, 80, 160),
        strict=True,
    ):
        assert abs(found - edge) <= 4


def test_prediction_lies_on_the_truth():
    mask = square(5, 5, 30)
    picture = draw_outlines(FILM, mask, mask, height=60)
    assert distance(picture[5, 20], PREDICTION) < distance(picture[5, 20], TRUTH) / 2


def test_holes_are_outlined():
    mask = square(5, 5, 40)
    mask[20:30, 20:30] = 0
    assert coloured(draw_outlines(FILM, mask, None, height=60))[18:32, 18:32].any()


def test_no_mask_and_an_empty_one_leave_the_film():
    empty = np.zeros_like(FILM)
    for masks in ((None, None), (empty, empty)):
        assert (draw_outlines(FILM, *masks, height=60) == 100).all()


def test_a_mask_of_another_film_is_refused():
    with pytest.raises(ValueError, match=r'mask is \(5, 5\), its film \(60, 80\)'):
        draw_outlines(FILM, None, np.zeros((5, 5)))


def test_caption_and_legend():
    picture = draw_masks(FILM, square(9, 9, 9), square(9, 9, 9), 'a.png', 'Dice', 120)
    assert picture.shape[1] == 160 + 6 + 160 and picture.shape[0] > 120 + 60
    bare, outlined = picture[:120, :160], picture[:120, -160:]
    assert (bare == 100).all() and coloured(outlined).any()
    below = picture[120:].reshape(-1, 3)
    assert (below == TRUTH).all(1).any() and (below == PREDICTION).all(1).any()
    alone = draw_masks(FILM, None, square(9, 9, 9), 'a.png', 'x', 120)
    assert not (alone[120:].reshape(-1, 3) == TRUTH).all(1).any()


def test_long_names_lose_their_middle():
    long = draw_masks(FILM, None, FILM * 0, 'n' * 400, 'f' * 400, 60)
    assert long.shape[1] == 80 + 6 + 80


def test_contact_sheet():
    pictures = [np.full((30, width, 3), 90 + width, np.uint8) for width in (20, 40, 30)]
    sheet = contact_sheet(pictures, ['one', 'two', 'three'], columns=2)
    for width in (20, 40, 30):
        assert (sheet == 90 + width).all(2).sum() >= 30 * width * 0.99
    assert sheet.shape[1] == 2 * (40 + 6)
    single = contact_sheet(pictures[:1], ['one'], columns=4)
    assert single.shape[1] == 20 + 6
