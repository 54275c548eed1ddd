"""Bookkeeping of a conversion: no key of a checkpoint gets lost unnoticed."""

from collections.abc import Iterable, Mapping
from typing import Any

from torch import Tensor


class ConversionError(ValueError):
    """A checkpoint that is not what its converter was written for."""


class Ledger:
    """Source keys, each to be mapped or dropped with a reason.

    Args:
        source: state dict to convert; it is not changed.
        name: what the source is, for messages.

    Attributes:
        state_dict: what has been mapped so far.
        dropped: source key to the reason why it was left out.
    """

    def __init__(self, source: Mapping[str, Tensor], name: str):
        self.left = dict(source)
        self.name = name
        self.state_dict: dict[str, Tensor] = {}
        self.dropped: dict[str, str] = {}

    def take(self, key: str) -> Tensor:
        """Remove a source entry and return it.

        Raises:
            ConversionError: it is not there.
        """
        if key not in self.left:
            raise ConversionError(f'{self.name}: the checkpoint lacks {key}')
        return self.left.pop(key)

    def put(self, key: str, value: Tensor) -> None:
        """Set an entry of the result.

        Raises:
            ConversionError: two source entries would become the same.
        """
        if key in self.state_dict:
            raise ConversionError(f'{self.name}: two entries both become {key}')
        self.state_dict[key] = value

    def move(self, key: str, new_key: str) -> None:
        """Map a source entry unchanged."""
        self.put(new_key, self.take(key))

    def drop(self, key: str, reason: str) -> None:
        """Leave a source entry out, deliberately."""
        self.take(key)
        self.dropped[key] = reason

    def close(self) -> dict[str, Tensor]:
        """The result.

        Raises:
            ConversionError: source entries are neither mapped nor dropped.
        """
        if self.left:
            raise ConversionError(
                f'{self.name}: {len(self.left)} entries of the checkpoint are unknown '
                f'and would be lost: {listed(self.left)}'
            )
        return self.state_dict


def listed(keys: Iterable[str], most: int = 5) -> str:
    """The first few keys, and how many more there are."""
    keys = sorted(keys)
    shown = ', '.join(keys[:most])
    return shown if len(keys) <= most else f'{shown} and {len(keys) - most} more'


def weights_in(checkpoint: Any) -> dict[str, Tensor]:
    """The flat state dict inside a checkpoint, or ``{}`` where there is none.

    It may lie under ``model``, ``state_dict`` or at the top; the prefix
    ``module.``, which parallel training leaves on every key, is removed. Several state
    dicts side by side (ConVIRT's trainer saves each part by itself) become one, each
    behind its name.
    """
    if not isinstance(checkpoint, Mapping):
        return {}
    for container in ('state_dict', 'model'):
        if isinstance(checkpoint.get(container), Mapping):
            checkpoint = checkpoint[container]
            break
    if not checkpoint or not all(isinstance(v, Tensor) for v in checkpoint.values()):
        return _joined(checkpoint)
    if all(isinstance(key, str) for key in checkpoint):
        return strip_prefix(checkpoint, 'module.')
    return {}


def _joined(checkpoint: Mapping) -> dict[str, Tensor]:
    """Two or more state dicts among the values as one, ``name.key``; else ``{}``."""
    parts = {
        name: weights_in(value)
        for name, value in checkpoint.items()
        if isinstance(value, Mapping)
        and all(isinstance(entry, Tensor) for entry in value.values())
    }
    parts = {name: weights for name, weights in parts.items() if weights}
    if len(parts) < 2:
        return {}
    return {
        f'{name}.{key}': value
        for name, weights in parts.items()
        for key, value in weights.items()
    }


def strip_prefix(weights: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Remove ``prefix`` where every key has it."""
    if all(key.startswith(prefix) for key in weights):
        return {key[len(prefix) :]: value for key, value in weights.items()}
    return dict(weights)
