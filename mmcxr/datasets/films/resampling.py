"""Resize a part of a film with PIL's antialiased filters.

A box is (top, left, height, width).
"""

import math

import numpy as np
from PIL import Image

FILTERS = {
    'bilinear': Image.Resampling.BILINEAR,
    'bicubic': Image.Resampling.BICUBIC,
    'lanczos': Image.Resampling.LANCZOS,
}
NEAREST = Image.Resampling.NEAREST


def filter_of(interpolation: str) -> Image.Resampling:
    """PIL's filter of a name."""
    if interpolation not in FILTERS:
        raise ValueError(
            f'interpolation {interpolation!r} is none of {", ".join(FILTERS)}'
        )
    return FILTERS[interpolation]


def resized(array: np.ndarray, shape: tuple[int, int], resample: int) -> np.ndarray:
    """(H, W) uint8 -> ``shape`` uint8."""
    if array.shape == shape:
        return np.ascontiguousarray(array)
    return np.array(Image.fromarray(array).resize(shape[::-1], resample))


def resized_box(
    array: np.ndarray,
    whole: tuple[float, float],
    box: tuple[int, int, int, int],
    shape: tuple[int, int],
    resample: int,
) -> np.ndarray:
    """Resize a part of a film that may be held at another size.

    Where the array has the size of the film this is a crop and then a resize, to the
    last bit. Else the edges of the box fall within pixels, which count in part.

    Args:
        array: (h, w) uint8, the film at the size it is held in.
        whole: (H, W) of the film in the units of ``box``.
        box: part of the film.
        shape: of the result.
        resample: one of PIL's filters.

    Returns:
        uint8 of shape ``shape``.
    """
    spans = [
        _span(start, length, size, held)
        for start, length, size, held in zip(
            box[:2], box[2:], whole, array.shape, strict=True
        )
    ]
    # Only pixels that the box touches take part, as if it had been cut out.
    (top, bottom), (left, right) = ((int(a), math.ceil(b)) for a, b in spans)
    part = array[top:bottom, left:right]
    (y0, y1), (x0, x1) = spans
    if (y0, x0, y1, x1) == (top, left, bottom, right):
        return resized(part, shape, resample)
    within = (x0 - left, y0 - top, x1 - left, y1 - top)
    return np.array(Image.fromarray(part).resize(shape[::-1], resample, within))


def _span(start: int, length: int, size: float, held: int) -> tuple[float, float]:
    """From and to, in pixels of an array that holds ``size`` in ``held`` pixels."""
    if size == held:
        return start, start + length
    scale = held / size
    return start * scale, min((start + length) * scale, held)
