"""Freeze parts of a model for the first iterations."""

from collections.abc import Sequence

from mmengine.hooks import Hook

from mmcxr.engine.module_names import named_parts
from mmcxr.registry import HOOKS


@HOOKS.register_module()
class FreezeHook(Hook):
    """Hold some modules still for the first iterations, and train all from then on.

    A new head thus finds its place before it moves the encoder (ConVIRT: 500
    iterations). Meanwhile the modules take no gradient and are in evaluation mode:
    batch statistics are fixed and nothing is dropped. Other rates for these
    iterations can come from a schedule, ``MultiStepLR`` for example.

    On several processes, set ``find_unused_parameters=True`` in the config.

    Args:
        modules: dotted names, ``*`` for any one part: ``['backbone']``.
        iters: how many iterations; a resumed run goes on where it was.
    """

    def __init__(self, modules: Sequence[str], iters: int):
        if iters < 1:
            raise ValueError(f'FreezeHook: iters is {iters}; it must be 1 or more')
        self.modules = [modules] if isinstance(modules, str) else list(modules)
        self.iters = iters
        self._parts, self._held = [], []

    def before_train(self, runner) -> None:
        """Take the gradients away."""
        self._parts = named_parts(runner.model, self.modules, 'FreezeHook').values()
        if runner.iter >= self.iters:
            return
        parameters = (p for part in self._parts for p in part.parameters())
        self._held = [p for p in parameters if p.requires_grad]
        for parameter in self._held:
            parameter.requires_grad_(False)

    def before_train_iter(self, runner, batch_idx: int, data_batch=None) -> None:
        """Keep evaluation mode, which each epoch leaves, or let the modules go."""
        if runner.iter >= self.iters:
            self._release()
        elif self._held:
            for part in self._parts:
                part.eval()

    def after_train(self, runner) -> None:
        """Let the modules go, should the run be as short."""
        self._release()

    def _release(self) -> None:
        if not self._held:
            return
        for parameter in self._held:
            parameter.requires_grad_(True)
        for part in self._parts:
            part.train()
        self._held = []
