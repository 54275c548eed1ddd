"""Join texts of unequal length into rows, with little padding (sequence packing)."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor


def join_texts(
    lengths: Sequence[int], row_length: int, row_multiple: int = 1
) -> Tensor:
    """Which token sits at each place of a few rows, nearly full.

    The longest texts are placed first, each in the row that has least room to spare
    (best fit). No text is cut.

    Args:
        lengths: tokens of each of N texts, at most L; an empty text takes the place
            of one token.
        row_length: L, of the padded texts and of a row.
        row_multiple: the number of rows is rounded up to a multiple of this, by rows
            of nothing.

    Returns:
        (R, L) int64: the place of a token among those of the padded texts, (N, L) in
        a row, or -1 for none.
    """
    rooms: list[list[int]] = [[] for _ in range(row_length + 1)]  # rows of that room
    rows: list[list[int]] = []
    for text in sorted(range(len(lengths)), key=lambda text: -lengths[text]):
        need = max(lengths[text], 1)
        room = next((r for r in range(need, row_length + 1) if rooms[r]), None)
        if room is None:
            row, room = len(rows), row_length
            rows.append([])
        else:
            row = rooms[room].pop()
        rows[row].append(text)
        rooms[room - need].append(row)
    number = -(-len(rows) // row_multiple) * row_multiple
    places = np.full((number, row_length), -1)
    for texts, row in zip(rows, places, strict=False):
        tokens = [
            text * row_length + np.arange(max(lengths[text], 1)) for text in texts
        ]
        joined = np.concatenate(tokens)
        row[: len(joined)] = joined
    return torch.from_numpy(places)
