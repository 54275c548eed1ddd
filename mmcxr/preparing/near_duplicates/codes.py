"""Perceptual codes of thumbnails, 64 bits each, and pairs whose codes are alike.

As in the DCT hash (pHash, http://www.phash.org), a bit says whether one of the 64
lowest spatial frequencies is strong. There "strong" is against the median of the
same image; all chest films being alike, most bits would then be the same for all of
them, so here it is against the median of that frequency over the films.

Grey levels are first replaced by their rank within the film, so that windowing and
gamma do not matter. F frames, V views, K = 64 frequencies.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

from .hamming import near_codes
from .prints import SIDE, FilmPrints

#: Bits in which the codes of a film and its copy may differ; the most that four parts
#: of 16 bits, each with two flips, find.
RADIUS = 11
#: Correlation of standardised frequencies below which a pair is not looked at further.
MIN_CORRELATION = 0.7
_INNER = (0.94, 0.88)  # sides of the views that stand for films cut a little
_SQUARE = 0.98  # short by long side from which a frame is square as it is
_ORDER = sorted(
    ((u, v) for u in range(9) for v in range(9) if u or v),
    key=lambda uv: (uv[0] + uv[1], uv[0]),
)[:64]
_ROWS, _COLUMNS = np.array(_ORDER).T  # vertical and horizontal frequency
_BLOCK = 4096  # thumbnails worked on at once
_PRIOR = 200  # films that the reference counts for; see spread_of


@dataclass(frozen=True)
class Candidates:
    """P pairs of frames that may show one film.

    Args:
        first: (P,) frames, seen whole.
        second: (P,) frames, seen through a view.
        views: (P, 4) top, bottom, left and right of the view in the second frame,
            as shares of its sides.
        mirrored: (P,) bool: the first is left-right reversed.
        negative: (P,) bool: the first has black and white exchanged.
    """

    first: np.ndarray
    second: np.ndarray
    views: np.ndarray
    mirrored: np.ndarray
    negative: np.ndarray


def find_candidates(prints: FilmPrints) -> Candidates:
    """Pairs of frames of different films with nearly the same code.

    One frame is taken whole, as it is, mirrored or as a negative; the other whole, as
    one of its inner parts or as its central square. So a copy that was cut, padded,
    mirrored or inverted is found; one that was both mirrored and inverted is not.
    """
    views = _views(prints.shapes)
    coefs = _coefs(prints.thumbs, views)
    middle, spread = spread_of(coefs[:, 0])
    # A square frame has no other central square.
    there = (views[1:] != views[:1]).any(2)  # (V - 1, F)
    frame, view = np.nonzero(np.vstack([np.ones(len(coefs), bool), there]).T)
    codes = pack_codes(coefs[frame, view] > middle)
    seen = _unit(coefs[frame, view], middle, spread)
    parts = []
    for mirrored, negative in ((0, 0), (1, 0), (0, 1)):
        query = (-1) ** (mirrored * _COLUMNS + negative) * coefs[:, 0]
        wanted = _unit(query, middle, spread)

        def alike(i: np.ndarray, j: np.ndarray, wanted=wanted) -> np.ndarray:
            one, other = prints.film[i], prints.film[frame[j]]
            # Whole against whole is found from both sides.
            kept = (one < other) | ((one > other) & (view[j] > 0))
            like = np.einsum('pk,pk->p', wanted[i[kept]], seen[j[kept]])
            kept[kept] = like >= MIN_CORRELATION
            return kept

        i, j = near_codes(pack_codes(query > middle), codes, RADIUS, alike)
        flags = np.full((len(i), 2), (mirrored, negative), bool)
        parts.append((i, frame[j], view[j], flags))
    first, second, view, flags = map(np.concatenate, zip(*parts, strict=True))
    return Candidates(first, second, views[view, second], *flags.T)


def equalised(thumbs: np.ndarray) -> np.ndarray:
    """Ranks of grey levels within each thumbnail, in -0.5..0.5, float32.

    Of a negative they are the same with the other sign.
    """
    ranks = np.empty(thumbs.shape, np.float32)
    for thumb, rank in zip(thumbs, ranks, strict=True):
        counts = np.bincount(thumb.ravel(), minlength=256)
        middles = (np.cumsum(counts) - counts / 2) / thumb.size - 0.5
        rank[...] = middles.astype(np.float32)[thumb]
    return ranks


def frequencies(values: np.ndarray, views: np.ndarray) -> np.ndarray:
    """(F, 64) strength of the lowest spatial frequencies within a view of each frame.

    Args:
        values: (F, 64, 64), ranks.
        views: (F, 4) top, bottom, left, right, shares of the sides.
    """
    found = np.empty((len(values), 9, 9), np.float32)
    kinds, kind = np.unique(views, axis=0, return_inverse=True)
    for number, (top, bottom, left, right) in enumerate(kinds):
        rows = np.flatnonzero(kind.ravel() == number)
        down, across = _cosines(top, bottom), _cosines(left, right)
        found[rows] = down @ values[rows] @ across.T
    return found[:, _ROWS, _COLUMNS]


def _coefs(thumbs: np.ndarray, views: np.ndarray) -> np.ndarray:
    """(F, V, 64): frequencies of thumbnails within each of (V, F, 4) views."""
    found = np.empty((len(thumbs), len(views), 64), np.float32)
    for start in range(0, len(thumbs), _BLOCK):
        block = slice(start, start + _BLOCK)
        values = equalised(thumbs[block])
        for number, view in enumerate(views):
            found[block, number] = frequencies(values, view[block])
    return found


def pack_codes(bits: np.ndarray) -> np.ndarray:
    """(F,) uint64 of (F, 64) bool."""
    packed = np.packbits(np.ascontiguousarray(bits), axis=1)
    return packed.view(np.uint64)[:, 0]


def spread_of(coefs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Median and median distance from it of each frequency, over the films.

    A few films would be their own median, two of them lie to both sides of it: so
    200 films as the reference has them are counted in.

    Args:
        coefs: (F, 64).
    """
    middle, spread = (np.repeat(row[None], _PRIOR, 0) for row in reference())
    middle = np.median(np.concatenate([coefs, middle]), 0)
    spread = np.median(np.concatenate([np.abs(coefs - middle), spread]), 0)
    return middle.astype(np.float32), np.maximum(spread, 1e-6).astype(np.float32)


@cache
def reference() -> tuple[np.ndarray, np.ndarray]:
    """Median and spread of the frequencies of ordinary frontal films.

    Measured on the 262 films of 145 patients that the COVID-19 Image Data Collection
    may hand on (https://arxiv.org/abs/2006.11988), in thousandths.
    """
    numbers = np.array(_REFERENCE.split(), np.float32).reshape(2, 64) / 1000
    return numbers[0], numbers[1]


def _views(shapes: np.ndarray) -> np.ndarray:
    """(V, F, 4): whole, inner parts, central square."""
    views = np.empty((2 + len(_INNER), len(shapes), 4))
    views[0] = 0, 1, 0, 1
    for number, side in enumerate(_INNER, start=1):
        views[number] = np.tile([(1 - side) / 2, (1 + side) / 2], 2)
    sides = shapes.min(1, keepdims=True) / shapes  # (F, 2)
    sides = np.where(sides >= _SQUARE, 1, np.round(sides, 2))
    views[-1, :, 0::2], views[-1, :, 1::2] = (1 - sides) / 2, (1 + sides) / 2
    return views


@cache
def _cosines(low: float, high: float) -> np.ndarray:
    """(9, 64): mean of cosines 0 to 8 over the pixels of a side from low to high."""
    place = (np.arange(SIDE) + 0.5) / SIDE
    waves = np.cos(np.pi * np.arange(9)[:, None] * (place - low) / (high - low))
    inside = (place >= low) & (place <= high)
    return (waves * inside / inside.sum()).astype(np.float32)


def _unit(coefs: np.ndarray, middle: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """(F, 64) standardised frequencies of length 1."""
    values = (coefs - middle) / spread
    return values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-6)


_REFERENCE = """
4.1 -100.6 -45.3 -1.6 13.7 8.1 21.7 3.1 -14.9 34.9 -1.4 -11.6
-2.5 -7.7 -0.5 16.8 -5.9 -15.0 -1.0 -8.0 -37.7 1.4 -27.4 2.6
-6.4 0.9 -9.6 0.4 -3.6 1.9 2.4 0.4 -3.9 -0.9 -4.8 -6.5
1.3 6.9 -0.8 2.9 -0.8 -2.1 0.2 -5.2 3.8 -0.4 9.7 0.4
1.5 1.2 -1.7 0.0 2.9 -1.6 1.4 0.2 3.9 -0.0 -0.4 -0.2
0.6 0.2 -0.1 1.7
17.6 31.0 23.2 7.0 19.9 9.2 12.3 5.7 14.1 30.3 5.6 12.0
4.3 10.2 18.2 7.9 5.6 6.9 3.8 8.8 16.7 4.9 10.7 5.2
5.0 3.4 6.8 6.2 5.1 7.8 6.5 4.1 3.9 2.8 5.6 8.0
3.5 6.3 3.9 5.0 3.3 3.8 2.5 5.5 3.8 3.3 4.8 2.6
3.9 2.9 3.4 2.5 4.0 3.0 3.6 2.6 3.1 2.4 3.0 3.8
3.0 3.1 1.9 2.8
"""
