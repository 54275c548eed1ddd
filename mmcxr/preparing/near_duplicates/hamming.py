"""All pairs of 64-bit codes within a Hamming radius, without comparing them all.

Multi-index hashing (Norouzi, Punjani, Fleet, 2012, https://arxiv.org/abs/1307.2982):
the code is cut into m parts; two codes within radius r differ in at most r // m bits
of one part at least, so only codes that nearly agree in a part are compared. The
result is exact.
"""

from collections.abc import Callable, Iterator
from itertools import combinations
from math import comb

import numpy as np

_BITS = 64
_BLOCK = 1 << 22  # pairs compared at once
_MAX_PART = 22  # bits; a table of 4 million buckets
# Cost of looking into a bucket, in comparisons of two codes (measured).
_LOOKUP = 4.0


def near_codes(
    queries: np.ndarray,
    codes: np.ndarray,
    radius: int,
    accept: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Pairs (i, j) where ``queries[i]`` and ``codes[j]`` differ in few bits.

    Args:
        queries: (Q,) uint64.
        codes: (N,) uint64.
        radius: at most so many bits may differ, 0 to 63.
        accept: of the numbers i and j of some pairs, which are kept. Pairs may be
            asked for more than once; those refused take no memory.

    Returns:
        Two (P,) int64 arrays, ordered by i, then j; each pair once.
    """
    if not 0 <= radius < _BITS:
        raise ValueError(f'radius must be in 0..63, got {radius}')
    found = [np.zeros(0, np.int64)]
    if len(queries) and len(codes):
        for low, width, flips in _parts(radius, len(codes)):
            for i, j in _near_by_part(queries, codes, radius, low, width, flips):
                if accept is not None:
                    kept = accept(i, j)
                    i, j = i[kept], j[kept]
                found.append(i * len(codes) + j)
    pairs = np.unique(np.concatenate(found))
    return pairs // max(len(codes), 1), pairs % max(len(codes), 1)


def _parts(radius: int, number: int) -> list[tuple[int, int, int]]:
    """(lowest bit, width, bits that may differ) of each part, the cheapest cut."""

    def cost(cut: list[tuple[int, int, int]]) -> float:
        return sum(
            (_LOOKUP + number / 2**width) * _num_masks(width, flips)
            for _, width, flips in cut
        )

    cuts = [_cut(radius, num) for num in range(_BITS // _MAX_PART + 1, 17)]
    return min(cuts, key=cost)


def _cut(radius: int, num: int) -> list[tuple[int, int, int]]:
    """``num`` parts; of the radius, the first parts get the share that is over.

    If the parts may differ in f_1, ..., f_m bits and sum(f_i + 1) > radius, one of
    them keeps within its share: else the whole would differ in more than the radius.
    """
    bounds = np.linspace(0, _BITS, num + 1).round().astype(int)
    shares = [
        radius // num if i <= radius % num else radius // num - 1 for i in range(num)
    ]
    return [
        (int(low), int(high - low), share)
        for low, high, share in zip(bounds, bounds[1:], shares, strict=False)
        if share >= 0
    ]


def _num_masks(width: int, flips: int) -> int:
    return sum(comb(width, k) for k in range(flips + 1))


def _masks(width: int, flips: int) -> Iterator[int]:
    """All patterns of at most ``flips`` bits of ``width``."""
    for number in range(flips + 1):
        for bits in combinations(range(width), number):
            yield sum(1 << bit for bit in bits)


def _near_by_part(
    queries: np.ndarray,
    codes: np.ndarray,
    radius: int,
    low: int,
    width: int,
    flips: int,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Pairs of near codes among those that nearly agree in one part."""
    keys, wanted = _part(codes, low, width), _part(queries, low, width)
    # Both in the order of their part: neighbours then lie together in memory.
    order, turn = np.argsort(keys, kind='stable'), np.argsort(wanted, kind='stable')
    codes, queries, wanted = codes[order], queries[turn], wanted[turn]
    starts = np.zeros((1 << width) + 1, np.int64)
    np.cumsum(np.bincount(keys, minlength=1 << width), out=starts[1:])
    for mask in _masks(width, flips):
        bucket = wanted ^ mask
        first = starts[bucket]
        sizes = starts[bucket + 1] - first
        for rows in _blocks(sizes):
            size = sizes[rows]
            query = np.repeat(rows, size)
            ends = np.cumsum(size)
            code = np.arange(ends[-1]) + np.repeat(first[rows] - ends + size, size)
            near = np.bitwise_count(queries[query] ^ codes[code]) <= radius
            if near.any():
                yield turn[query[near]], order[code[near]]


def _part(codes: np.ndarray, low: int, width: int) -> np.ndarray:
    """(N,) int64: ``width`` bits of each code."""
    return ((codes >> np.uint64(low)) & np.uint64((1 << width) - 1)).astype(np.int64)


def _blocks(sizes: np.ndarray) -> Iterator[np.ndarray]:
    """Rows with something in their bucket, some :data:`_BLOCK` pairs at a time."""
    rows = np.flatnonzero(sizes)
    if len(rows) == 0:
        return
    ends = np.cumsum(sizes[rows])
    cuts = np.searchsorted(ends, np.arange(_BLOCK, ends[-1], _BLOCK))
    for part in np.split(rows, np.unique(cuts)):
        if len(part):
            yield part
