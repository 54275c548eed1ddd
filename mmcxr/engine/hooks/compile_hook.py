"""torch.compile of a model or of parts of it, with static shapes."""

from collections.abc import Sequence

import numpy as np
import torch
from mmengine.hooks import Hook
from torch import nn
from torch.utils._pytree import tree_map_only

from mmcxr.engine.config_file import ConfigError
from mmcxr.engine.module_names import named_parts, unwrapped
from mmcxr.registry import HOOKS

SHAPES = 64
WITH_GRAPHS = 'reduce-overhead', 'max-autotune'


@HOOKS.register_module()
class CompileHook(Hook):
    """Compile a model for training, or parts of it, each by itself.

    Blocks that are alike share one compilation, so that naming the blocks of a
    transformer compiles in seconds where the whole takes a minute; the whole is
    faster afterwards. Each size of the inputs is compiled for itself: keep them few
    (``drop_last``; ``pad_to_multiple`` and ``count_multiple`` of
    ``collate_studies``). Names in checkpoints stay; evaluation is not compiled.

    Mode ``'reduce-overhead'`` replays a recorded step, which spares small batches the
    launch of a thousand kernels. It needs a GPU, and a step for each backward pass.

    Args:
        modules: dotted names, ``*`` for any one part: ``['backbone.layers.*']``,
            ``['image_backbone', 'text_backbone.bert.encoder.layer.*']``; None: the
            whole forward pass.
        backend: see ``torch.compile``.
        mode: likewise.
        dynamic: compile for any size at once; slower code.

    Raises:
        ConfigError: from training: a name fits no part, or recorded steps with
            accumulated gradients.
    """

    def __init__(
        self,
        modules: Sequence[str] | None = None,
        backend: str = 'inductor',
        mode: str | None = None,
        dynamic: bool = False,
    ):
        self.modules = [modules] if isinstance(modules, str) else modules
        self.options = dict(backend=backend, mode=mode, dynamic=dynamic)

    def before_train(self, runner) -> None:
        """Set compilation up; it happens when a size is first seen."""
        # Beyond this many sizes, torch falls back to what is not compiled.
        limit = torch._dynamo.config.cache_size_limit
        torch._dynamo.config.cache_size_limit = max(limit, SHAPES)
        if self.replays and runner.optim_wrapper._accumulative_counts > 1:
            raise ConfigError(
                f'CompileHook: mode {self.options["mode"]!r} replays a step over the '
                'memory of the last, gradients included; take accumulative_counts=1 '
                'or another mode'
            )
        if self.modules is None:
            compile_training(unwrapped(runner.model), self.options)
            return
        parts = named_parts(runner.model, self.modules, 'CompileHook')
        for module in parts.values():
            compile_training(module, self.options)

    def before_train_iter(self, runner, batch_idx: int, data_batch=None) -> None:
        """Tell torch that what the last step computed is no longer needed."""
        if self.replays:
            torch.compiler.cudagraph_mark_step_begin()

    @property
    def replays(self) -> bool:
        """Whether steps are recorded and replayed."""
        return self.options['mode'] in WITH_GRAPHS


def compile_training(module: nn.Module, options: dict) -> None:
    """Make a module run compiled in training, and as it is in evaluation."""
    for part in module.modules():
        # Rates of mmpretrain's drop path are numpy's numbers, which cannot be compiled:
        # each would break the graph.
        for name, value in vars(part).items():
            if isinstance(value, np.generic):
                setattr(part, name, value.item())
    plain = module.forward
    compiled = torch.compile(plain, **options)

    def forward(*args, **kwargs):
        if not module.training:
            return plain(*args, **kwargs)
        found = compiled(*args, **kwargs)
        if options.get('mode') in WITH_GRAPHS:
            # The next replay writes over it, and losses are looked at later.
            return tree_map_only(torch.Tensor, torch.clone, found)
        return found

    module.forward = forward
