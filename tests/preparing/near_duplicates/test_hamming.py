import numpy as np
import pytest

from mmcxr.preparing.near_duplicates import hamming
from mmcxr.preparing.near_duplicates.hamming import _cut, _masks, _num_masks, near_codes


def naive(queries, codes, radius):
    return [
        (i, j)
        for i, query in enumerate(queries.tolist())
        for j, code in enumerate(codes.tolist())
        if (query ^ code).bit_count() <= radius
    ]


def clustered(rng, number, skew):
    """Codes around a few centres, far from uniform; some are equal."""
    centres = rng.integers(0, 2**64, 5, dtype=np.uint64)
    codes = centres[rng.integers(0, 5, number)]
    for _ in range(skew):
        flip = rng.integers(0, 64, number).astype(np.uint64)
        codes = codes ^ (np.uint64(1) << flip) * (rng.random(number) < 0.7)
    return codes.astype(np.uint64)


@pytest.mark.parametrize('radius', [0, 1, 3, 4, 7, 11, 16, 30, 63])
@pytest.mark.parametrize('skew', [0, 6, 30])
def test_same_as_comparing_all(radius, skew):
    rng = np.random.default_rng(radius * 100 + skew)
    queries, codes = clustered(rng, 57, skew), clustered(rng, 143, skew)
    codes[:20] = queries[:20] ^ np.uint64(0b10000000011)
    i, j = near_codes(queries, codes, radius)
    assert list(zip(i.tolist(), j.tolist(), strict=True)) == naive(
        queries, codes, radius
    )


@pytest.mark.parametrize('number', [4, 5, 8, 16])
def test_every_cut_finds_the_same(monkeypatch, number):
    rng = np.random.default_rng(number)
    codes = clustered(rng, 150, 8)
    monkeypatch.setattr(hamming, '_parts', lambda radius, _: _cut(radius, number))
    monkeypatch.setattr(hamming, '_BLOCK', 97)
    for radius in (0, 5, 9) if number < 8 else (3, 11, 17):
        i, j = near_codes(codes, codes, radius)
        assert list(zip(i.tolist(), j.tolist(), strict=True)) == naive(
            codes, codes, radius
        )


def test_at_the_radius_and_one_beyond():
    rng = np.random.default_rng(5)
    codes = rng.integers(0, 2**64, 400, dtype=np.uint64)
    for radius in (2, 8, 11):
        flips = np.array(
            [
                sum(1 << int(b) for b in rng.choice(64, radius + i % 2, replace=False))
                for i in range(400)
            ],
            np.uint64,
        )
        i, j = near_codes(codes ^ flips, codes, radius)
        assert i.tolist() == j.tolist() == list(range(0, 400, 2))


def test_only_accepted_pairs_are_kept():
    rng = np.random.default_rng(2)
    codes = clustered(rng, 150, 8)
    i, j = near_codes(codes, codes, 9, lambda i, j: (i + j) % 3 == 0)
    wanted = [pair for pair in naive(codes, codes, 9) if sum(pair) % 3 == 0]
    assert list(zip(i.tolist(), j.tolist(), strict=True)) == wanted


def test_cut_keeps_the_pigeonhole():
    for radius in range(64):
        for number in range(3, 17):
            cut = _cut(radius, number)
            assert sum(flips + 1 for _, _, flips in cut) == radius + 1
            assert all(flips <= width for _, width, flips in cut)
            covered = [bit for low, width, _ in cut for bit in range(low, low + width)]
            assert len(covered) == len(set(covered))


def test_masks():
    masks = list(_masks(7, 3))
    assert len(masks) == len(set(masks)) == _num_masks(7, 3) == 1 + 7 + 21 + 35
    assert max(mask.bit_count() for mask in masks) == 3


def test_nothing():
    none = np.zeros(0, np.uint64)
    one = np.ones(1, np.uint64)
    for queries, codes in ((none, one), (one, none), (none, none)):
        assert [len(part) for part in near_codes(queries, codes, 3)] == [0, 0]
    with pytest.raises(ValueError, match='radius must be in'):
        near_codes(one, one, 64)


def test_work_grows_slower_than_all_pairs(monkeypatch):
    """Codes compared, counted: ten times the codes, far less than 100 times."""
    compared = []
    count = np.bitwise_count

    def counted(values):
        compared[-1] += len(values)
        return count(values)

    monkeypatch.setattr(hamming.np, 'bitwise_count', counted)
    rng = np.random.default_rng(1)
    for number in (3_000, 30_000):
        compared.append(0)
        codes = rng.integers(0, 2**64, number, dtype=np.uint64)
        near_codes(codes, codes, 8)
    assert compared[1] < 50 * compared[0] and compared[1] < 0.05 * 30_000**2
