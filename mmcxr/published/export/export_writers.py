"""What each kind of encoder is called in each library.

A writer takes :class:`Parts` and returns what to save and what it left out.
"""

import re
from collections.abc import Callable

from torch import Tensor

from mmcxr.published.encoders.timm_vit import to_mmseg, to_timm
from mmcxr.published.ledger import ConversionError

from .export_hf import clip_to_hf, vit_to_hf
from .export_parts import Parts

Written = tuple[dict, dict[str, str]]
# mmpretrain's DenseNet, and torchvision's, whose blocks are counted from 1.
_DENSENET = (
    (r'stem\.0\.(.*)', lambda m: f'features.conv0.{m[1]}'),
    (r'stem\.1\.(.*)', lambda m: f'features.norm0.{m[1]}'),
    (
        r'stages\.(\d+)\.block\.(\d+)\.(.*)',
        lambda m: (
            f'features.denseblock{int(m[1]) + 1}.denselayer{int(m[2]) + 1}.{m[3]}'
        ),
    ),
    (r'transitions\.3\.0\.(.*)', lambda m: f'features.norm5.{m[1]}'),
    (
        r'transitions\.(\d+)\.(.*)',
        lambda m: f'features.transition{int(m[1]) + 1}.{m[2]}',
    ),
)


def vit_to_timm(parts: Parts) -> Written:
    """For ``timm.models.vision_transformer.VisionTransformer(global_pool='avg')``.

    A pre-trained encoder lies under ``model``, as MRM and MAE publish it, a fine-tuned
    one is bare, as MRM's scripts write it.

    Raises:
        ConversionError: a norm before and another after the pooling.
    """
    weights = to_timm(parts.encoder)
    if not parts.head:
        return dict(model=weights), {}
    if 'norm.weight' in weights and 'norm.weight' in parts.head:
        raise ConversionError(
            'this classifier has a norm before the pooling and one after it; timm has '
            'either, so it would compute something else'
        )
    names = {'norm.': 'fc_norm.', 'fc.': 'head.'}
    for key, value in parts.head.items():
        part, leaf = key.split('.')
        weights[names[f'{part}.'] + leaf] = value
    return weights, {}


def vit_to_mmpretrain(parts: Parts) -> Written:
    """For an ``ImageClassifier``, or its backbone with ``prefix='backbone.'``.

    With a head: ``VisionTransformer(out_type='avg_featmap', final_norm=False)``, whose
    ``ln2`` is the head's norm, and a ``MultiLabelLinearClsHead``.
    """
    weights = _prefixed('backbone.', parts.encoder)
    for key, value in parts.head.items():
        new = key.replace('norm.', 'backbone.ln2.') if 'norm.' in key else f'head.{key}'
        weights[new] = value
    return dict(state_dict=weights, meta=parts.meta()), {}


def vit_to_mmseg(parts: Parts) -> Written:
    """For ``mmseg.VisionTransformer(patch_bias=True, norm_cfg=dict(type='LN',
    eps=1e-6))``, which reads a file without prefix.
    """
    return dict(state_dict=to_mmseg(parts.encoder), meta={}), {}


def clip_to_timm(parts: Parts) -> Written:
    """For timm's CLIP transformers (``vit_base_patch32_clip_quickgelu_224``).

    timm's head takes the place of CLIP's projection, or of that and ours together.
    """
    weights = to_timm(parts.without_projection())
    return weights | _prefixed('head.', parts.projected_head()), {}


def clip_to_mmpretrain(parts: Parts) -> Written:
    """For ``VisionTransformer(pre_norm=True)`` and a linear head on its class token."""
    weights = _prefixed('backbone.', parts.without_projection())
    if parts.head:
        weights |= _prefixed('head.fc.', parts.projected_head())
        return dict(state_dict=weights, meta=parts.meta()), {}
    reason = "mmpretrain's backbone ends with the class token, before the projection"
    left = parts.encoder.keys() & {'projection.weight'}
    return dict(state_dict=weights, meta={}), dict.fromkeys(left, reason)


def resnet_to_torchvision(parts: Parts) -> Written:
    """A bare state dict, for timm too, whose names are the same."""
    return dict(parts.encoder) | _prefixed('fc.', parts.linear_head()), {}


def densenet_to_torchvision(parts: Parts) -> Written:
    """A bare state dict, for timm too, whose names are the same."""
    weights = {_densenet_name(key): value for key, value in parts.encoder.items()}
    return weights | _prefixed('classifier.', parts.linear_head()), {}


def to_mmpretrain(parts: Parts) -> Written:
    """A backbone whose names are mmpretrain's own, and a linear head."""
    weights = _prefixed('backbone.', parts.encoder)
    weights |= _prefixed('head.fc.', parts.linear_head())
    return dict(state_dict=weights, meta=parts.meta()), {}


def _densenet_name(key: str) -> str:
    for pattern, rename in _DENSENET:
        match = re.fullmatch(pattern, key)
        if match:
            return rename(match)
    raise ConversionError(f"torchvision's DenseNet has no place for {key}")


def _prefixed(prefix: str, weights) -> dict[str, Tensor]:
    return {prefix + key: value for key, value in weights.items()}


WRITERS: dict[str, dict[str, Callable[[Parts], Written]]] = {
    'a vision transformer': dict(
        timm=vit_to_timm, hf=vit_to_hf, mmpretrain=vit_to_mmpretrain, mmseg=vit_to_mmseg
    ),
    "CLIP's vision transformer": dict(
        timm=clip_to_timm, hf=clip_to_hf, mmpretrain=clip_to_mmpretrain
    ),
    'a ResNet': dict(
        torchvision=resnet_to_torchvision,
        timm=resnet_to_torchvision,
        mmpretrain=to_mmpretrain,
    ),
    'a DenseNet': dict(
        torchvision=densenet_to_torchvision,
        timm=densenet_to_torchvision,
        mmpretrain=to_mmpretrain,
    ),
    'a Swin Transformer': dict(mmpretrain=to_mmpretrain),
}
