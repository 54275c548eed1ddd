"""From a checkpoint of ours to what another library loads.

What other libraries take is the image encoder, and of a fine-tuned model its head.
Each kind of encoder says what it is called in each library; the rest of the
checkpoint is left out, with a reason.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from torch import Tensor

from mmcxr.converters.ledger import ConversionError, Ledger, weights_in
from mmcxr.converters.systems import probable_system
from mmcxr.converters.timm_vit import to_mmseg, to_timm

TARGETS = ('timm', 'mmpretrain', 'mmseg')
_ENCODERS = ('backbone.', 'image_backbone.')
_HEAD = ('head.norm.weight', 'head.norm.bias', 'head.fc.weight', 'head.fc.bias')


def export(
    checkpoint: Any, to: str, classes: Sequence[str] = ()
) -> tuple[dict, dict[str, str]]:
    """Content of a file for another library.

    Args:
        checkpoint: of ours, or a published one that was brought to our names.
        to: ``'timm'``, ``'mmpretrain'`` or ``'mmseg'``.
        classes: names of what the head tells apart, kept where the library has a
            place for them.

    Returns:
        What to save, and what was left out: key to reason.

    Raises:
        ConversionError: unknown library, or there is no encoder that can be exported.
    """
    if to not in TARGETS:
        raise ConversionError(
            f'cannot export to {to!r}; known are {", ".join(TARGETS)}'
        )
    weights = weights_in(checkpoint)
    ledger = Ledger(weights, 'export')
    prefix = next((p for p in _ENCODERS if any(k.startswith(p) for k in weights)), None)
    if prefix is None:
        raise ConversionError(_no_encoder(weights))
    encoder = {
        key[len(prefix) :]: ledger.take(key)
        for key in weights
        if key.startswith(prefix)
    }
    write = _writer(encoder, to)
    head = {}
    for key in _HEAD if to != 'mmseg' else ():
        if key in ledger.left:
            head[key.removeprefix('head.')] = ledger.take(key)
    for key in list(ledger.left):
        ledger.drop(key, f'{key.split(".")[0]} is no part of the image encoder')
    return write(encoder, head, classes), ledger.dropped


def _writer(encoder: Mapping[str, Tensor], to: str) -> Callable:
    for telltale, writers in _WRITERS.items():
        if telltale in encoder:
            return writers[to]
    raise ConversionError(
        'only vision transformers can be exported so far; this encoder has '
        f'{sorted(encoder)[0]}, ...'
    )


def _no_encoder(weights: Mapping[str, Tensor]) -> str:
    if not weights:
        return 'the file holds no state dict, so there is nothing to export'
    system = probable_system(weights)
    what = f'; by its keys it is probably {system}' if system else ''
    return f'the file has no image encoder under {" or ".join(_ENCODERS)}{what}'


def _vit_to_timm(encoder: dict, head: dict, classes: Sequence[str]) -> dict:
    """For ``timm.models.vision_transformer.VisionTransformer(global_pool='avg')``.

    A pre-trained encoder lies under ``model``, as MRM and MAE publish it, a fine-tuned
    one is bare, as MRM's scripts write it.

    Raises:
        ConversionError: a norm before and another after the pooling.
    """
    weights = to_timm(encoder)
    if not head:
        return dict(model=weights)
    if 'norm.weight' in weights and 'norm.weight' in head:
        raise ConversionError(
            'this classifier has a norm before the pooling and one after it; timm has '
            'either, so it would compute something else'
        )
    names = {'norm.': 'fc_norm.', 'fc.': 'head.'}
    for key, value in head.items():
        part, leaf = key.split('.')
        weights[names[f'{part}.'] + leaf] = value
    return weights


def _vit_to_mmpretrain(encoder: dict, head: dict, classes: Sequence[str]) -> dict:
    """For an ``ImageClassifier``, or its backbone with ``prefix='backbone.'``.

    With a head: ``VisionTransformer(out_type='avg_featmap', final_norm=False)``, whose
    ``ln2`` is the head's norm, and a ``MultiLabelLinearClsHead``.
    """
    weights = {f'backbone.{key}': value for key, value in encoder.items()}
    for key, value in head.items():
        new = key.replace('norm.', 'backbone.ln2.') if 'norm.' in key else f'head.{key}'
        weights[new] = value
    meta = dict(dataset_meta=dict(classes=list(classes))) if head and classes else {}
    return dict(state_dict=weights, meta=meta)


def _vit_to_mmseg(encoder: dict, head: dict, classes: Sequence[str]) -> dict:
    """For ``mmseg.VisionTransformer(patch_bias=True, norm_cfg=dict(type='LN',
    eps=1e-6))``, which reads a file without prefix.
    """
    return dict(state_dict=to_mmseg(encoder), meta={})


# An entry that only this kind of encoder has, and how each library wants it.
_WRITERS = {
    'layers.0.attn.qkv.weight': dict(
        timm=_vit_to_timm, mmpretrain=_vit_to_mmpretrain, mmseg=_vit_to_mmseg
    ),
}
