"""The depth of each parameter in its backbone."""

import re

from torch import nn

#: Registered after the layers, but used before them (CLIP, in mmpretrain).
_FIRST = ('pre_norm',)


def layer_depths(backbone: nn.Module) -> tuple[dict[str, int], int]:
    """Depth of each parameter, and how many depths there are, with that of the head.

    Depth 0 is what films meet first: embeddings and stem. Layer i (from 0) has depth
    i + 1. What follows the last layer, a norm or a projection, has the last depth,
    which is the head's. Layers are the blocks of a vision transformer (mmpretrain's,
    timm's, ours) and of a Swin, a Swin's reduction belonging to the block before it;
    the four stages of a ResNet and of a DenseNet, where a transition belongs to the
    stage before it. Any other backbone is asked by ``get_layer_depth``, if it has it.

    Returns:
        name of a parameter -> depth, and the number of depths.

    Raises:
        TypeError: how the backbone is layered is not known.
    """
    names = [name for name, _ in backbone.named_parameters()]
    layers = _layers(backbone)
    if layers:
        depths = {name: _depth(name, layers, backbone) for name in names}
        return depths, len(layers) + 2
    told = getattr(backbone, 'get_layer_depth', None)
    if told is None:
        raise TypeError(
            f'layer decay does not know the layers of {type(backbone).__name__}. It '
            'knows vision transformers (`layers` or `blocks`), Swin, ResNet, DenseNet '
            'and backbones with get_layer_depth; without it, rates of parts: '
            'paramwise_cfg=dict(custom_keys=dict(backbone=dict(lr_mult=0.1)))'
        )
    found = {name: told(name) for name in names}
    return {name: depth for name, (depth, _) in found.items()}, told('')[1]


def _layers(backbone: nn.Module) -> list[tuple[str, ...]]:
    """First parts of the names of each layer, in the order films pass them."""
    parts = dict(backbone.named_children())
    if 'layer1' in parts:  # ResNet
        return [(name,) for name in parts if re.fullmatch(r'layer\d+', name)]
    stages = parts.get('stages', ())
    if 'transitions' in parts:  # DenseNet, whose last transition is its last norm
        last = len(stages) - 1
        steps = [(f'stages.{i}', f'transitions.{i}') for i in range(last)]
        return [*steps, (f'stages.{last}',)]
    if len(stages) and all(hasattr(stage, 'blocks') for stage in stages):  # Swin
        return [layer for i, stage in enumerate(stages) for layer in _swin(i, stage)]
    for name in ('layers', 'blocks'):
        if isinstance(parts.get(name), nn.ModuleList | nn.Sequential):
            return [(f'{name}.{i}',) for i in range(len(parts[name]))]
    return []


def _swin(number: int, stage: nn.Module) -> list[tuple[str, ...]]:
    prefix = f'stages.{number}'
    blocks = [(f'{prefix}.blocks.{i}',) for i in range(len(stage.blocks))]
    blocks[-1] += (f'{prefix}.downsample',)
    return blocks


def _depth(name: str, layers: list[tuple[str, ...]], backbone: nn.Module) -> int:
    for number, prefixes in enumerate(layers, 1):
        if name.startswith(tuple(f'{prefix}.' for prefix in prefixes)):
            return number
    part, _, rest = name.partition('.')
    if not rest or part in _FIRST:  # a parameter of the backbone itself: a token
        return 0
    order = [child for child, _ in backbone.named_children()]
    first = layers[0][0].partition('.')[0]
    return 0 if order.index(part) < order.index(first) else len(layers) + 1
