"""Boxes as masks.

A box is [x, y, width, height] in pixels of its film, from the outer edge of the pixel
at its top left; so [2, 1, 3, 4] holds columns 2 to 4 and rows 1 to 4.
"""

import math
from collections.abc import Iterable, Sequence

import numpy as np

from .film import MaskError


def fill_boxes(
    boxes: Iterable[Sequence[float]], shape: tuple[int, int], name: str = 'the film'
) -> np.ndarray:
    """Mask of all pixels that a box covers, wholly or in part.

    Boxes may overlap, and reach beyond the film, where they are cut off. BenchX cuts
    the fractions of x, y, width and height off instead; boxes of whole numbers (RSNA)
    are the same either way.

    Args:
        boxes: [x, y, width, height]; what follows is ignored.
        shape: (H, W) of the film.
        name: of the film, for messages.

    Returns:
        (H, W) uint8 of 0 and 1; all 0 without boxes.

    Raises:
        MaskError: a box lies outside the film altogether, so they do not belong
            together.
    """
    mask = np.zeros(shape, np.uint8)
    height, width = shape
    for x, y, box_width, box_height, *_ in boxes:
        left, right = _covered(x, box_width, width)
        top, bottom = _covered(y, box_height, height)
        if left >= right or top >= bottom:
            raise MaskError(
                f'{name}: the box [{x:g}, {y:g}, {box_width:g}, {box_height:g}] lies '
                f'outside the film, which is {width} pixels wide and {height} high; '
                'boxes are x, y, width, height in pixels of the stored film'
            )
        mask[top:bottom, left:right] = 1
    return mask


def _covered(start: float, length: float, size: int) -> tuple[int, int]:
    """First pixel of an interval, and the one after its last."""
    return max(math.floor(start), 0), min(math.ceil(start + length), size)
