"""Masks as run lengths, in the form of the SIIM-ACR Pneumothorax challenge.

A text of pairs "gap length gap length ...": each run begins ``gap`` pixels after the
end of the one before it (the first, after the corner of the image), and
pixels are counted down the columns, from left to right. "-1" is the empty mask.
https://www.kaggle.com/c/siim-acr-pneumothorax-segmentation, ``mask_functions.py``.
"""

from dataclasses import dataclass

import cv2
import numpy as np

EMPTY = '-1'


def decode_run_lengths(text: str, shape: tuple[int, int], place: str) -> np.ndarray:
    """Mask of a text of run lengths.

    Args:
        text: pairs of whole numbers, or '-1'; blanks around it do not count.
        shape: (H, W) the runs are of.
        place: named in errors: file and row.

    Returns:
        (H, W) uint8 of 0 and 1.

    Raises:
        ValueError: no pairs of whole numbers, a run of no or negative length, one
            that begins inside the one before it, or that ends outside the image.
    """
    if text.strip() == EMPTY:
        return np.zeros(shape, np.uint8)
    try:
        numbers = np.array(text.split(), dtype=np.int64)
    except (ValueError, OverflowError) as error:
        code = text.strip()[:40]
        raise ValueError(f'{place}: {code!r} is no run-length code') from error
    if len(numbers) == 0 or len(numbers) % 2:
        raise ValueError(
            f'{place}: {len(numbers)} numbers; run lengths are pairs of gap and length'
        )
    gaps, lengths = numbers[0::2], numbers[1::2]
    for bad, fault in (
        (lengths < 1, 'is {1} pixels long'),
        (gaps < 0, 'begins {0} pixels from the end of the one before it'),
        (np.cumsum(gaps + lengths) > shape[0] * shape[1], 'ends outside {2}x{3}'),
    ):
        if bad.any():
            run = int(bad.argmax())
            fault = fault.format(gaps[run], lengths[run], *shape)
            raise ValueError(f'{place}: run {run + 1} of {len(gaps)} {fault}')
    edges = np.zeros(shape[0] * shape[1] + 1, np.int8)
    ends = np.cumsum(gaps + lengths)
    np.add.at(edges, ends - lengths, 1)  # runs may touch
    np.add.at(edges, ends, -1)
    mask = np.cumsum(edges[:-1], dtype=np.int8).astype(np.uint8)
    return np.ascontiguousarray(mask.reshape(shape[::-1]).T)


def encode_run_lengths(mask: np.ndarray) -> str:
    """Run lengths of a mask (H, W) of zeros and others; '-1' of an empty one."""
    flat = (np.asarray(mask).T != 0).ravel().astype(np.int8)
    change = np.diff(flat, prepend=0, append=0)
    starts, ends = np.flatnonzero(change == 1), np.flatnonzero(change == -1)
    if len(starts) == 0:
        return EMPTY
    gaps = starts - np.concatenate([[0], ends[:-1]])
    return ' '.join(map(str, np.stack([gaps, ends - starts], 1).ravel()))


@dataclass(frozen=True)
class RunLengthMask:
    """The union of several rows of run lengths; a mask for converters.

    Args:
        rows: (place, text) each.
        shape: (H, W) the runs are of; a square film of another size gets it resized.
    """

    rows: tuple[tuple[str, str], ...]
    shape: tuple[int, int]

    def draw(self, shape: tuple[int, int]) -> np.ndarray:
        """(H, W) uint8 of 0 and 1 for a film of this shape."""
        mask = np.zeros(self.shape, np.uint8)
        for place, text in self.rows:
            mask |= decode_run_lengths(text, self.shape, place)
        if mask.shape == shape:
            return mask
        if shape[0] * self.shape[1] != shape[1] * self.shape[0]:
            raise ValueError(
                f'{self.rows[0][0]}: its run lengths are of {self.shape[0]}x'
                f'{self.shape[1]} pixels, the film has {shape[0]}x{shape[1]}'
            )
        shares = cv2.resize(
            mask * np.uint8(255), shape[::-1], interpolation=cv2.INTER_AREA
        )
        return (shares >= 128).astype(np.uint8)
