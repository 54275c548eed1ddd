"""Activation checkpointing of parts of a model."""

from collections.abc import Sequence

from mmengine.hooks import Hook
from torch import nn

from mmcxr.engine.module_names import named_parts
from mmcxr.recompute import recomputed
from mmcxr.registry import HOOKS


@HOOKS.register_module()
class RecomputeHook(Hook):
    """Keep of some modules only what goes in; the rest is computed twice.

    It saves the memory of their activations for about a third more time. Losses,
    gradients and batch statistics are the same. ``activation_checkpointing=[...]``
    in a config stands for this hook: mmengine's own way leaves parameters without
    gradient where a module's input needs none, and counts batch statistics twice.

    Args:
        modules: dotted names, ``*`` for any one part: ``['backbone.layers.*']`` for
            each block of a vision transformer, ``['image_backbone.layer*']`` for the
            stages of a ResNet, ``['text_backbone.bert.encoder.layer.*']`` for BERT.
    """

    priority = 'LOW'  # after what compiles: compiled modules are recomputed compiled

    def __init__(self, modules: Sequence[str]):
        self.modules = [modules] if isinstance(modules, str) else list(modules)

    def before_train(self, runner) -> None:
        """Wrap the modules; evaluation does not recompute."""
        parts = named_parts(runner.model, self.modules, 'RecomputeHook')
        for module in parts.values():
            recompute(module)


def recompute(module: nn.Module) -> None:
    """Make the forward pass of a module in training one that keeps its inputs."""
    forward = module.forward

    def wrapped(*args, **kwargs):
        if not module.training:
            return forward(*args, **kwargs)
        return recomputed(forward, *args, modules=module, **kwargs)

    module.forward = wrapped
