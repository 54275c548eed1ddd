"""Whether two thumbnails show one film: laid over each other, compared in detail."""

import cv2
import numpy as np

from .prints import SIDE

_STEPS = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 60, 1e-4)
_BLUR = 5  # pixels, for the alignment
_DETAIL = 1.0  # sigma; structure finer than this is compared
_WINDOW = 9  # pixels of a side, for one place
_STRIDE = 4  # pixels from place to place
_MIN_PLACES = 30


def similarity(first: np.ndarray, second: np.ndarray, view: np.ndarray) -> float:
    """How alike the fine structure of two films is once they lie over each other.

    The second is moved, scaled, sheared and turned until it correlates best with the
    first (ECC, Evangelidis and Psarakis, 2008). Then the correlation of what blurring
    takes away is measured in a window around each of many places, and the median of
    these is the answer: writing on a copy spoils a few places only. Films of two
    people look alike as a whole, but their ribs and vessels do not fall together.

    Args:
        first: (64, 64) float32, ranks of grey levels.
        second: (64, 64) float32.
        view: top, bottom, left, right of the part of the second that the first is
            thought to show, as shares of its sides; where the search starts.

    Returns:
        -1 to 1; 0 where they do not lie over each other by at least a half.
    """
    top, bottom, left, right = np.asarray(view, np.float32)
    warp = np.array(
        [[right - left, 0, left * SIDE], [0, bottom - top, top * SIDE]], np.float32
    )
    try:
        _, warp = cv2.findTransformECC(
            first, second, warp, cv2.MOTION_AFFINE, _STEPS, None, _BLUR
        )
    except cv2.error:  # the search left the film, or found nothing to hold on to
        return 0.0
    flags = cv2.WARP_INVERSE_MAP | cv2.INTER_LINEAR
    moved = cv2.warpAffine(second, warp, (SIDE, SIDE), flags=flags)
    there = cv2.warpAffine(np.ones_like(second), warp, (SIDE, SIDE), flags=flags)
    places = (slice(_STRIDE, SIDE - _STRIDE, _STRIDE),) * 2
    inside = _mean(there)[places] > 0.99
    if inside.sum() < max(_MIN_PLACES, inside.size / 2):
        return 0.0
    return float(np.median(_local_correlation(first, moved)[places][inside]))


def _local_correlation(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(64, 64): correlation of the fine structure around each pixel."""
    one, other = (
        film - cv2.GaussianBlur(film, (0, 0), _DETAIL) for film in (one, other)
    )
    mean, other_mean = _mean(one), _mean(other)
    variance = _mean(one * one) - mean * mean
    other_variance = _mean(other * other) - other_mean * other_mean
    covariance = _mean(one * other) - mean * other_mean
    return covariance / np.sqrt(np.maximum(variance * other_variance, 1e-12))


def _mean(film: np.ndarray) -> np.ndarray:
    return cv2.blur(film, (_WINDOW, _WINDOW))
