"""Parts of a network run twice: what is not kept is made again going backward."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

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
