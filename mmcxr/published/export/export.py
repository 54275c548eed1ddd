"""From a checkpoint of ours to what another library loads.

What other libraries take is the image encoder, and of a fine-tuned model its head;
transformers takes both towers of a CLIP. Each kind of encoder says what it is called
in each library; the rest of the checkpoint is left out, with a reason.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from mmcxr.published.ledger import ConversionError, Ledger, weights_in
from mmcxr.published.systems import probable_system

from .export_parts import Parts
from .export_writers import WRITERS

TARGETS = ('timm', 'mmpretrain', 'mmseg', 'torchvision', 'hf', 'safetensors')
_ENCODERS = ('backbone.', 'image_backbone.')
_HEAD = ('head.norm.weight', 'head.norm.bias', 'head.fc.weight', 'head.fc.bias')
_TEXT = 'text_backbone.'
# An entry that only this kind of encoder has; the first that is there decides.
_KINDS = {
    'pre_norm.weight': "CLIP's vision transformer",
    'layers.0.attn.qkv.weight': 'a vision transformer',
    'layer1.0.conv1.weight': 'a ResNet',
    'stages.0.block.0.conv1.weight': 'a DenseNet',
    'stages.0.blocks.0.norm1.weight': 'a Swin Transformer',
}


def export(
    checkpoint: Any,
    to: str,
    classes: Sequence[str] = (),
    activation: str = 'quick_gelu',
) -> tuple[dict, dict[str, str]]:
    """Content of a file for another library.

    Args:
        checkpoint: of ours, or a published one that was brought to our names.
        to: one of ``TARGETS``; ``'safetensors'`` keeps everything, with our names.
        classes: names of what the head tells apart, kept where the library has a
            place for them.
        activation: of a CLIP, ``'quick_gelu'`` or ``'gelu'``; weights do not tell.

    Returns:
        What to save (for ``'hf'`` a dict of ``config`` and ``weights``), and what was
        left out: key to reason.

    Raises:
        ConversionError: unknown library, or there is no encoder that can be exported.
    """
    if to not in TARGETS:
        raise ConversionError(
            f'cannot export to {to!r}; known are {", ".join(TARGETS)}'
        )
    weights = weights_in(checkpoint)
    if to == 'safetensors' and weights:
        return weights, {}
    ledger = Ledger(weights, 'export')
    prefix = _encoder_prefix(weights)
    encoder = _taken(ledger, prefix)
    write = _writer(encoder, to)
    head, text, scale = {}, {}, None
    for key in _HEAD if to != 'mmseg' else ():
        if key in ledger.left:
            head[key.removeprefix('head.')] = ledger.take(key)
    if to == 'hf' and f'{_TEXT}projection.weight' in ledger.left:
        text, scale = _taken(ledger, _TEXT), ledger.take('logit_scale')
    parts = Parts(encoder, head, text, scale, tuple(classes), activation)
    content, unwritten = write(parts)
    for key in list(ledger.left):
        ledger.drop(key, f'{key.split(".")[0]} is no part of the image encoder')
    return content, ledger.dropped | unwritten


def _encoder_prefix(weights: Mapping[str, Tensor]) -> str:
    """What the image encoder stands behind; nothing in a file of an encoder alone."""
    for prefix in _ENCODERS:
        if any(key.startswith(prefix) for key in weights):
            return prefix
    if any(key in weights for key in _KINDS):
        return ''
    if not weights:
        raise ConversionError('the file holds no state dict, so there is no encoder')
    system = probable_system(weights)
    what = f'; by its keys it is probably {system}' if system else ''
    raise ConversionError(
        f'the file has no image encoder under {" or ".join(_ENCODERS)}{what}'
    )


def _taken(ledger: Ledger, prefix: str) -> dict[str, Tensor]:
    """All entries under ``prefix``, by what follows it."""
    keys = [key for key in ledger.left if key.startswith(prefix)]
    return {key[len(prefix) :]: ledger.take(key) for key in keys}


def _writer(encoder: Mapping[str, Tensor], to: str):
    kind = next((kind for key, kind in _KINDS.items() if key in encoder), None)
    if kind is None:
        raise ConversionError(
            f'this image encoder ({sorted(encoder)[0]}, ...) is none that can be '
            f'exported; known are {", ".join(WRITERS)}'
        )
    if to not in WRITERS[kind]:
        raise ConversionError(
            f'{kind} is not exported to {to}; it goes to '
            f'{", ".join(WRITERS[kind])}, safetensors'
        )
    return WRITERS[kind][to]
