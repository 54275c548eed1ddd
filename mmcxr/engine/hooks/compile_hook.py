"""torch.compile of parts of a model, with static shapes."""

from collections.abc import Sequence

import numpy as np
import torch
from mmengine.hooks import Hook
from torch import nn

from mmcxr.engine.module_names import named_parts
from mmcxr.registry import HOOKS

SHAPES = 64


@HOOKS.register_module()
class CompileHook(Hook):
    """Compile modules for training, each by itself.

    Blocks that are alike share one compilation, so that naming the blocks of a
    transformer compiles in seconds where the whole takes minutes. Each size of the
    inputs is compiled for itself: keep them few (``drop_last``, ``pad_to_multiple``
    of ``collate_studies``). Names in checkpoints stay; evaluation is not compiled.

    ``compile=dict(dynamic=False)`` of mmengine compiles the whole training step
    instead, which takes several times as long.

    Args:
        modules: dotted names, ``*`` for any one part: ``['backbone.layers.*']``,
            ``['image_backbone', 'text_backbone.bert.encoder.layer.*']``.
        backend: see ``torch.compile``.
        mode: likewise.
        dynamic: compile for any size at once; slower code.
    """

    def __init__(
        self,
        modules: Sequence[str],
        backend: str = 'inductor',
        mode: str | None = None,
        dynamic: bool = False,
    ):
        self.modules = [modules] if isinstance(modules, str) else list(modules)
        self.options = dict(backend=backend, mode=mode, dynamic=dynamic)

    def before_train(self, runner) -> None:
        """Set compilation up; it happens when a size is first seen."""
        # Beyond this many sizes, torch falls back to what is not compiled.
        limit = torch._dynamo.config.cache_size_limit
        torch._dynamo.config.cache_size_limit = max(limit, SHAPES)
        parts = named_parts(runner.model, self.modules, 'CompileHook')
        for module in parts.values():
            compile_training(module, self.options)


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
        return (compiled if module.training else plain)(*args, **kwargs)

    module.forward = forward
