"""Find modules of a model by the dotted names that a config gives."""

from collections.abc import Sequence
from fnmatch import fnmatchcase

from mmengine.model import is_model_wrapper
from torch import nn

from .config_file import ConfigError


def named_parts(
    model: nn.Module, patterns: Sequence[str], what: str
) -> dict[str, nn.Module]:
    """Modules that patterns name.

    Args:
        model: may be wrapped for parallel training.
        patterns: dotted names in which ``*`` stands for any one part, such as
            ``'backbone.layers.*'``.
        what: whose patterns, for messages.

    Raises:
        ConfigError: a pattern names nothing.
    """
    model = unwrapped(model)
    names = [name for name, _ in model.named_modules() if name]
    found = {}
    for pattern in patterns:
        matching = [name for name in names if _fits(name, pattern)]
        if not matching:
            parts = ', '.join(name for name, _ in model.named_children())
            raise ConfigError(
                f'{what}: {type(model).__name__} has no part {pattern!r}; '
                f'its parts are {parts}'
            )
        found.update((name, model.get_submodule(name)) for name in matching)
    return found


def unwrapped(model: nn.Module) -> nn.Module:
    """A model without what wraps it for parallel training."""
    while is_model_wrapper(model):
        model = model.module
    return model


def _fits(name: str, pattern: str) -> bool:
    parts, wanted = name.split('.'), pattern.split('.')
    return len(parts) == len(wanted) and all(map(fnmatchcase, parts, wanted))
