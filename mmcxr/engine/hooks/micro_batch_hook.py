"""Compute a large batch in micro-batches, with the exact loss of the whole."""

from mmengine.hooks import Hook
from torch import nn

from mmcxr.recompute import in_pieces
from mmcxr.registry import HOOKS

from .method_hook import method_of


@HOOKS.register_module()
class MicroBatchHook(Hook):
    """Encode a few studies of a batch at a time.

    The loss is still that of the whole batch and so are all gradients, to rounding;
    activations are those of one micro-batch, and each is encoded twice. Batch
    normalisation sees micro-batches. ``micro_batch=32`` in a config stands for this
    hook.

    Args:
        size: studies, or rows of joined texts, encoded at once.

    Raises:
        ValueError: ``size`` is below 1, or the method does not encode study by study.
    """

    def __init__(self, size: int):
        if size < 1:
            raise ValueError(f'micro_batch is {size}; it must be 1 or more, or None')
        self.size = size

    def before_train(self, runner) -> None:
        """Put the pieces into place."""
        encode_in_pieces(method_of(runner.model), self.size)


def encode_in_pieces(method: nn.Module, size: int) -> None:
    """Let the functions that a method names as ``piecewise`` run on pieces."""
    names = getattr(method, 'piecewise', ())
    if not names:
        raise ValueError(
            f'{type(method).__name__} does not encode study by study: leave '
            'micro_batch out, and accumulate gradients '
            '(optim_wrapper.accumulative_counts)'
        )
    for name in names:
        *path, last = name.split('.')
        owner = method.get_submodule('.'.join(path))
        if hasattr(owner, last):
            setattr(owner, last, in_pieces(getattr(owner, last), size, owner))
