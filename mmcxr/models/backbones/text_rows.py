"""Encode several short texts in one row of tokens (sequence packing).

Shapes: N texts, L tokens, R rows, C channels. ``rows`` (R, L) int64 is made by
:func:`mmcxr.datasets.texts.text_rows.join_texts`.
"""

import torch
from torch import Tensor, nn


def tokens_of_rows(input_ids: Tensor, rows: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """What an encoder must know of each place, (R, L) int64 each.

    Args:
        input_ids: (N, L), padded.
        rows: which token sits at each place.

    Returns:
        Token ids (any where there is none), positions within the texts, and numbers
        of the texts (-1 where there is none).
    """
    length = input_ids.shape[1]
    ids = input_ids.flatten()[rows.clamp(min=0)]
    return ids, rows % length, rows.div(length, rounding_mode='floor')


def padded_texts(hidden: Tensor, rows: Tensor, number: int) -> Tensor:
    """Vectors of tokens in rows (R, L, C) to those of N padded texts (N, L, C).

    Padding gets zeros.
    """
    length, tokens = rows.shape[1], number * rows.shape[1]
    # Places without a token share one behind the last, which is cut off.
    places = torch.where(rows < 0, tokens, rows).flatten()
    padded = hidden.new_zeros(tokens + 1, hidden.shape[-1])
    padded = padded.index_copy(0, places, hidden.flatten(0, 1))
    return padded[:-1].unflatten(0, (number, length))


def encode_rows(
    backbone: nn.Module, input_ids: Tensor, attention_mask: Tensor, rows: Tensor
) -> Tensor:
    """Pooled vectors of texts that are encoded in rows, (..., L) to (..., C).

    Raises:
        ValueError: the backbone encodes each text by itself.
    """
    if not hasattr(backbone, 'encode_rows'):
        raise ValueError(
            f'{type(backbone).__name__} encodes each text by itself; leave '
            'join_texts out of collate_fn'
        )
    lead = input_ids.shape[:-1]
    ids, mask = (tensor.flatten(0, -2) for tensor in (input_ids, attention_mask))
    hidden = backbone.encode_rows(*tokens_of_rows(ids, rows))
    return backbone.pool(padded_texts(hidden, rows, len(ids)), mask).unflatten(0, lead)
