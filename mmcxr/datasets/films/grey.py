"""Grey values of a film: uint8 from any depth, grey from colour."""

import cv2
import numpy as np

_LUMA = np.array([299, 587, 114]) / 1000  # R, G, B


class UnreadableFilm(ValueError):
    """A film cannot be read; the message names it and says why."""


def stretch(values: np.ndarray) -> np.ndarray:
    """Map the range of ``values`` (any shape, any number type) to uint8 0..255.

    Raises:
        ValueError: NaN, infinite or all equal.
    """
    low, high = values.min(), values.max()
    if not np.isfinite(low) or not np.isfinite(high):
        raise ValueError('the pixels hold NaN or infinite values')
    if low == high:
        raise ValueError(f'is a constant image (every pixel is {low})')
    if values.dtype != np.uint16:
        scaled = (values.astype(np.float64) - low) * (255 / (float(high) - float(low)))
        return np.rint(scaled).astype(np.uint8)
    # One entry per possible value: several times faster than arithmetic on pixels.
    levels = stretch(np.arange(int(low), int(high) + 1, dtype=np.float64))
    return levels[values - low]


def luma(values: np.ndarray) -> np.ndarray:
    """Grey (H, W) of RGB or RGBA (H, W, 3 | 4), float64, range kept."""
    return values[..., :3] @ _LUMA


def check_film(film: np.ndarray) -> np.ndarray:
    """The film itself, (H, W) uint8, unless all its pixels are equal: ValueError."""
    low, high, _, _ = cv2.minMaxLoc(film)
    if low == high:
        raise ValueError(f'is a constant image (every pixel is {int(low)})')
    return film
