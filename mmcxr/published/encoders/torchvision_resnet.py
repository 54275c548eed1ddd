"""torchvision's ResNet to mmpretrain's, whose names are the same.

https://arxiv.org/abs/1512.03385.
"""

import re
from collections.abc import Iterable
from typing import Any

from torch import Tensor

from mmcxr.published.ledger import ConversionError, Ledger, weights_in

NAME = 'torchvision ResNet'
_NORM = r'(weight|bias|running_mean|running_var|num_batches_tracked)'
_BACKBONE = re.compile(
    r'(conv1\.weight|bn1\.' + _NORM + r'|layer[1-4]\.\d+\.'
    r'(conv[123]\.weight|bn[123]\.' + _NORM + r'|downsample\.(0\.weight|1\.'
    + _NORM + r')))'
)  # fmt: skip
_CLASSIFIER = ('fc.weight', 'fc.bias')
# Blocks per stage, and whether a block has three convolutions.
_DEPTHS = {
    ((2, 2, 2, 2), False): 18,
    ((3, 4, 6, 3), False): 34,
    ((3, 4, 6, 3), True): 50,
    ((3, 4, 23, 3), True): 101,
    ((3, 8, 36, 3), True): 152,
}


def recognise(checkpoint: Any) -> str | None:
    """``'r50'``, ``'r18'``, ... where all keys are those of such a ResNet."""
    weights = weights_in(checkpoint)
    keys = [key for key in weights if key not in _CLASSIFIER]
    if 'conv1.weight' not in keys or not all(map(_BACKBONE.fullmatch, keys)):
        return None
    depth = resnet_depth(keys)
    return None if depth is None else f'r{depth}'


def convert(checkpoint: Any) -> tuple[dict[str, Tensor], dict]:
    """State dict of ``mmpretrain.ResNet``, and ``info``."""
    ledger = Ledger(weights_in(checkpoint), NAME)
    depth = convert_resnet(ledger, '', '')
    info = dict(system=NAME, variant=f'r{depth}', dropped=ledger.dropped)
    return ledger.close(), info


def convert_resnet(ledger: Ledger, prefix: str, new_prefix: str) -> int:
    """Map the ResNet under ``prefix`` and return its depth.

    Raises:
        ConversionError: the blocks are not those of a known depth.
    """
    names = [key[len(prefix) :] for key in ledger.left if key.startswith(prefix)]
    for name in names:
        if name in _CLASSIFIER:
            ledger.drop(prefix + name, 'ImageNet classifier; not part of the encoder')
        elif _BACKBONE.fullmatch(name):
            ledger.move(prefix + name, new_prefix + name)
    depth = resnet_depth(names)
    if depth is None:
        raise ConversionError(f'{ledger.name}: the blocks are those of no known ResNet')
    return depth


def resnet_depth(names: Iterable[str]) -> int | None:
    """18, 34, 50, 101 or 152, whichever has these entries' blocks, or None."""
    names = set(names)
    blocks = {match.groups() for match in map(_block, names) if match}
    counts = tuple(sum(stage == s for stage, _ in blocks) for s in '1234')
    return _DEPTHS.get((counts, 'layer1.0.conv3.weight' in names))


def _block(name: str) -> re.Match | None:
    return re.match(r'layer([1-4])\.(\d+)\.', name)
