"""Contrastive losses by blocks of rows; the whole logits are never in memory.

A block of rows is scored, summed up and forgotten; the backward pass scores it again.
Memory is (rows of a block x keys) instead of (queries x keys), for a third more
arithmetic. Values and gradients are those of
:func:`~mmcxr.models.losses.contrastive.info_nce` and
:func:`~mmcxr.models.losses.contrastive.pairwise_sigmoid`.

Shapes: n queries, N keys, D channels. Key ``first + i`` belongs to query ``i``.
"""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor
from torch.nn import functional as F

#: Similarities that are held at once: 256 MB in float32.
ENTRIES = 2**26


def rows_at_once(queries: int, keys: int) -> int:
    """Queries that are scored at once against so many keys."""
    return min(queries, max(1, ENTRIES // keys))


def block_info_nce(
    queries: Tensor,
    keys: Tensor,
    scale: Tensor,
    first: int,
    label_smoothing: float,
    block: int,
) -> Tensor:
    """:func:`info_nce` by blocks of ``block`` queries; ``scale`` is a scalar."""
    return _InfoNCE.apply(queries, keys, scale, first, label_smoothing, block)


def block_sigmoid(
    queries: Tensor, keys: Tensor, scale: Tensor, bias: Tensor, first: int, block: int
) -> Tensor:
    """:func:`pairwise_sigmoid` by blocks of ``block`` queries."""
    return _Sigmoid.apply(queries, keys, scale, bias, first, block)


class _InfoNCE(torch.autograd.Function):
    """Keeps the log of each row's normaliser, from which its softmax follows."""

    @staticmethod
    def forward(ctx, queries, keys, scale, first, smoothing, block):
        own = keys[first : first + len(queries)]
        log_sums = queries.new_empty(len(queries))
        with torch.autocast(queries.device.type, enabled=False):
            for rows in _blocks(len(queries), block):
                torch.logsumexp(
                    _logits(queries[rows], keys, scale), 1, out=log_sums[rows]
                )
            # What the labels put on: its own key, and all keys evenly.
            target = (1 - smoothing) * own + smoothing * keys.mean(dim=0)
            found = scale * (queries * target).sum(dim=1)
        ctx.save_for_backward(queries, keys, scale, log_sums)
        ctx.options = first, smoothing, block
        return (log_sums - found).mean()

    @staticmethod
    def backward(ctx, grad):
        queries, keys, scale, log_sums = ctx.saved_tensors
        first, smoothing, block = ctx.options

        def slopes(logits: Tensor, rows: slice) -> Tensor:
            logits.sub_(log_sums[rows, None]).exp_()
            _own(logits, first + rows.start).sub_(1 - smoothing)
            return logits.sub_(smoothing / len(keys)).mul_(grad / len(queries))

        found = _pull_back(queries, keys, scale, slopes, block)
        return *found, None, None, None


class _Sigmoid(torch.autograd.Function):
    """Binary cross entropy of all pairs."""

    @staticmethod
    def forward(ctx, queries, keys, scale, bias, first, block):
        own = keys[first : first + len(queries)]
        with torch.autocast(queries.device.type, enabled=False):
            # log(1 + e^x) of all pairs, less x where the pair belongs together
            total = -(scale * (queries * own).sum() + bias * len(queries))
            for rows in _blocks(len(queries), block):
                logits = _logits(queries[rows], keys, scale).add_(bias)
                total = total + F.softplus(logits).sum()
        ctx.save_for_backward(queries, keys, scale, bias)
        ctx.options = first, block
        return total / len(queries)

    @staticmethod
    def backward(ctx, grad):
        queries, keys, scale, bias = ctx.saved_tensors
        first, block = ctx.options
        of_bias = torch.zeros_like(bias)

        def slopes(logits: Tensor, rows: slice) -> Tensor:
            logits.add_(bias).sigmoid_()
            _own(logits, first + rows.start).sub_(1)
            logits.mul_(grad / len(queries))
            of_bias.add_(logits.sum())
            return logits

        found = _pull_back(queries, keys, scale, slopes, block)
        return *found, of_bias, None, None


def _blocks(count: int, size: int) -> Iterator[slice]:
    for start in range(0, count, size):
        yield slice(start, min(start + size, count))


def _logits(queries: Tensor, keys: Tensor, scale: Tensor) -> Tensor:
    """(rows, N); the only tensor of that size."""
    return torch.mm(queries, keys.T).mul_(scale)


def _own(logits: Tensor, first: int) -> Tensor:
    """The entry of each row's own key; a view."""
    return logits[:, first:].diagonal()


def _pull_back(
    queries: Tensor,
    keys: Tensor,
    scale: Tensor,
    slopes: Callable[[Tensor, slice], Tensor],
    block: int,
) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients of queries, keys and scale.

    Args:
        queries: (n, D).
        keys: (N, D).
        scale: scalar.
        slopes: turns the logits of a block into the loss's derivatives by them, in
            place.
        block: rows of a block.
    """
    of_queries, of_keys = torch.empty_like(queries), torch.zeros_like(keys)
    for rows in _blocks(len(queries), block):
        slope = slopes(_logits(queries[rows], keys, scale), rows)
        torch.mm(slope, keys, out=of_queries[rows])
        of_keys.addmm_(slope.T, queries[rows])
    of_scale = (queries * of_queries).sum()
    return of_queries.mul_(scale), of_keys.mul_(scale), of_scale
