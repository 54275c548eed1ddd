"""Parts of a network run twice: what is not kept is made again going backward."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.checkpoint import checkpoint

STATISTICS = ('running_mean', 'running_var', 'num_batches_tracked')


def recomputed(function: Callable, *args: Tensor, modules: nn.Module, **kwargs):
    """``function(*args, **kwargs)``, whose inner tensors are not kept.

    The backward pass runs it again, with the same dropout and under the same
    autocast. Each parameter receives its gradient once, so that data parallelism
    exchanges it once.

    Args:
        function: made of ``modules``.
        args: what it takes.
        modules: those that it runs; batch statistics are counted once.
        kwargs: more of what it takes.
    """
    return checkpoint(
        function,
        *args,
        use_reentrant=False,
        context_fn=lambda: (nullcontext(), frozen_statistics(modules)),
        **kwargs,
    )


def in_pieces(function: Callable, size: int, modules: nn.Module) -> Callable:
    """``function``, run on ``size`` rows at a time where gradients are wanted.

    Of each piece only what comes out is kept; see :func:`recomputed`.

    Args:
        function: of tensors with one row for each item, to a tensor or a tuple of
            tensors (or None) with as many rows.
        size: rows of a piece.
        modules: what ``function`` is made of.
    """

    def pieces(*tensors: Tensor):
        if not torch.is_grad_enabled() or len(tensors[0]) <= size:
            return function(*tensors)
        parts = zip(*(tensor.split(size) for tensor in tensors), strict=True)
        found = [recomputed(function, *part, modules=modules) for part in parts]
        if isinstance(found[0], Tensor):
            return torch.cat(found)
        columns = zip(*found, strict=True)
        return tuple(None if c[0] is None else torch.cat(c) for c in columns)

    return pieces


@contextmanager
def frozen_statistics(modules: nn.Module) -> Iterator[None]:
    """Batch normalisation by the batch as in training, its averages untouched."""
    norms = [m for m in modules.modules() if isinstance(m, _BatchNorm) and m.training]
    kept = [(norm, name, getattr(norm, name)) for norm in norms for name in STATISTICS]
    kept = [(norm, name, value) for norm, name, value in kept if value is not None]
    for norm, name, value in kept:
        setattr(norm, name, value.clone())
    try:
        yield
    finally:
        for norm, name, value in kept:
            setattr(norm, name, value)
