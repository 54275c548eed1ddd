"""Run lengths against a loop over pixels, and in circles."""

import numpy as np
import pytest

from mmcxr.datasets.films.run_length import (
    RunLengthMask,
    decode_run_lengths,
    encode_run_lengths,
)


def decode_slowly(text, shape):
    """Pixel by pixel, as the challenge describes it."""
    numbers = [int(word) for word in text.split()]
    mask = np.zeros(shape, np.uint8)
    place = 0
    while numbers:
        place += numbers.pop(0)
        for _ in range(numbers.pop(0)):
            mask[place % shape[0], place // shape[0]] = 1
            place += 1
    return mask


def test_by_hand():
    # Down the columns: pixels 1 and 2 of the first, 0 of the second.
    expected = [[0, 1], [1, 0], [1, 0]]
    assert decode_run_lengths('1 2 0 1', (3, 2), 'x').tolist() == expected
    assert decode_run_lengths(' 1 3\n', (3, 2), 'x').tolist() == expected
    assert encode_run_lengths(np.array(expected)) == '1 3'
    assert encode_run_lengths(np.zeros((3, 2))) == '-1'
    assert not decode_run_lengths(' -1', (3, 2), 'x').any()
    assert encode_run_lengths(np.ones((3, 2)) * 255) == '0 6'


@pytest.mark.parametrize('seed', range(40))
def test_in_circles(seed):
    rng = np.random.default_rng(seed)
    shape = tuple(rng.integers(1, 30, 2))
    mask = (rng.random(shape) < rng.choice([0.02, 0.5, 0.98])).astype(np.uint8)
    text = encode_run_lengths(mask)
    again = decode_run_lengths(text, shape, 'x')
    assert again.dtype == np.uint8 and np.array_equal(again, mask)
    if mask.any():
        assert np.array_equal(decode_slowly(text, shape), mask)
        gaps = list(map(int, text.split()))[2::2]
        assert all(gap > 0 for gap in gaps)  # the shortest code there is


@pytest.mark.parametrize(
    ('text', 'fault'),
    [
        ('1 2 3', '3 numbers; run lengths are pairs'),
        ('', '0 numbers'),
        ('5', '1 numbers'),
        ('a b', "'a b' is no run-length code"),
        ('1.5 2', 'is no run-length code'),
        ('99999999999999999999 1', 'is no run-length code'),
        ('1 0', 'run 1 of 1 is 0 pixels long'),
        ('1 1 1 -2', 'run 2 of 2 is -2 pixels long'),
        ('3 4 -2 1', 'run 2 of 2 begins -2 pixels from the end of the one before it'),
        ('0 13', 'run 1 of 1 ends outside 4x3'),
        ('0 6 6 1', 'run 2 of 2 ends outside 4x3'),
        ('-1 3', 'run 1 of 1 begins -1'),
    ],
)
def test_bad_codes_are_named(text, fault):
    with pytest.raises(ValueError, match=f'list.csv: row 7: .*{fault}'):
        decode_run_lengths(text, (4, 3), 'list.csv: row 7')


def test_rows_are_united():
    mask = RunLengthMask((('row 1', '0 3'), ('row 2', '2 3')), (4, 4))
    assert mask.draw((4, 4)).T.ravel().tolist() == [1] * 5 + [0] * 11
    with pytest.raises(ValueError, match='row 2: run 1'):
        RunLengthMask((('row 1', '0 3'), ('row 2', '0 17')), (4, 4)).draw((4, 4))


def test_a_film_of_another_size():
    full = np.zeros((64, 64), np.uint8)
    full[16:48, 8:24] = 1
    mask = RunLengthMask((('row 1', encode_run_lengths(full)),), (64, 64))
    assert np.array_equal(mask.draw((16, 16)), full[::4, ::4])
    assert np.array_equal(mask.draw((128, 128)), full.repeat(2, 0).repeat(2, 1))
    with pytest.raises(ValueError, match='row 1: .* 64x64 pixels, the film has 16x17'):
        mask.draw((16, 17))
