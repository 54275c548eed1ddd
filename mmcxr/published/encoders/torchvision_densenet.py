"""torchvision's DenseNet to mmpretrain's.

https://arxiv.org/abs/1608.06993. What an activation is cannot be read off weights:
S2MTS2's DenseNet-121 has leaky ones.
"""

import re
from collections.abc import Iterable
from typing import Any

from torch import Tensor

from mmcxr.published.ledger import ConversionError, Ledger, weights_in

NAME = 'torchvision DenseNet'
_NORM = r'(weight|bias|running_mean|running_var|num_batches_tracked)'
_STEM = re.compile(r'features\.(conv0\.weight|norm0\.' + _NORM + ')')
# Files of before torchvision 0.3 say norm.1 for norm1.
_LAYER = re.compile(
    r'features\.denseblock([1-4])\.denselayer(\d+)\.'
    r'(?:conv\.?([12])\.(weight)|norm\.?([12])\.' + _NORM + ')'
)  # fmt: skip
_TRANSITION = re.compile(
    r'features\.transition([1-3])\.(conv\.weight|norm\.' + _NORM + ')'
)
_FINAL = re.compile(r'features\.norm5\.' + _NORM)
_CLASSIFIER = ('classifier.weight', 'classifier.bias')
# Layers of the four blocks.
_ARCHS = {
    (6, 12, 24, 16): '121',
    (6, 12, 32, 32): '169',
    (6, 12, 48, 32): '201',
    (6, 12, 36, 24): '161',
}


def recognise(checkpoint: Any) -> str | None:
    """``'d121'``, ... where all keys are those of such a DenseNet."""
    keys = [key for key in weights_in(checkpoint) if key not in _CLASSIFIER]
    if 'features.conv0.weight' not in keys or None in map(_renamed, keys):
        return None
    arch = densenet_arch(keys)
    return None if arch is None else f'd{arch}'


def convert(checkpoint: Any) -> tuple[dict[str, Tensor], dict]:
    """State dict of ``mmpretrain.DenseNet``, and ``info``."""
    ledger = Ledger(weights_in(checkpoint), NAME)
    for key in _CLASSIFIER:
        if key in ledger.left:
            ledger.drop(key, 'classifier; not part of the encoder')
    arch = convert_densenet(ledger, '', '')
    info = dict(system=NAME, variant=f'd{arch}', dropped=ledger.dropped)
    return ledger.close(), info


def convert_densenet(ledger: Ledger, prefix: str, new_prefix: str) -> str:
    """Map the DenseNet under ``prefix`` and return its architecture (``'121'``).

    Raises:
        ConversionError: the blocks are not those of a known architecture.
    """
    names = [key[len(prefix) :] for key in ledger.left if key.startswith(prefix)]
    for name in names:
        new = _renamed(name)
        if new is not None:
            ledger.move(prefix + name, new_prefix + new)
    arch = densenet_arch(names)
    if arch is None:
        raise ConversionError(
            f'{ledger.name}: the blocks are those of no known DenseNet'
        )
    return arch


def densenet_arch(names: Iterable[str]) -> str | None:
    """``'121'``, ... by the layers of the four blocks."""
    layers = {match.groups()[:2] for match in map(_LAYER.fullmatch, names) if match}
    counts = tuple(sum(block == b for block, _ in layers) for b in '1234')
    return _ARCHS.get(counts)


def _renamed(name: str) -> str | None:
    """What mmpretrain calls an entry of the encoder; None for any other."""
    if _STEM.fullmatch(name):
        part, leaf = name.split('.')[1:]
        return f'stem.{0 if part == "conv0" else 1}.{leaf}'
    if match := _LAYER.fullmatch(name):
        block, layer, conv, weight, norm, leaf = match.groups()
        part = f'conv{conv}.{weight}' if conv else f'norm{norm}.{leaf}'
        return f'stages.{int(block) - 1}.block.{int(layer) - 1}.{part}'
    if match := _TRANSITION.fullmatch(name):
        return f'transitions.{int(match[1]) - 1}.{match[2]}'
    if match := _FINAL.fullmatch(name):
        return f'transitions.3.0.{match[1]}'
    return None
