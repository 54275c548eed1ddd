"""Files of momentum contrast (MoCo): query encoder, key encoder and a queue of keys.

https://arxiv.org/abs/2003.04297. MoCo-CXR, MedAug and S2MTS2 write them alike:
``encoder_q.*``, ``encoder_k.*`` and ``queue*``, with or without ``module.`` before
each; files that were stripped have the query encoder's keys alone, without
``encoder_q.``. Only the query encoder is kept, with its projection.
"""

from collections.abc import Mapping

from torch import Tensor

from mmcxr.published.encoders.torchvision_densenet import (
    convert_densenet,
    densenet_arch,
)
from mmcxr.published.encoders.torchvision_resnet import convert_resnet, resnet_depth

from .ledger import ConversionError, Ledger

QUERY = 'encoder_q.'
# Where each kind of encoder carries its two linear layers with a ReLU between.
_HEADS = {'resnet': 'fc.', 'densenet': 'classifier.'}
_REASONS = {
    'encoder_k.': 'key encoder, the moving average of the query encoder',
    'queue': 'queue of the pre-training',
}


def query_prefix(weights: Mapping[str, Tensor]) -> str:
    """``'encoder_q.'``, or ``''`` in a file that was stripped of it."""
    return QUERY if any(key.startswith(QUERY) for key in weights) else ''


def encoder_variant(weights: Mapping[str, Tensor], prefix: str) -> str | None:
    """``'r18'``, ``'d121'``, ... of the encoder under ``prefix``, or None."""
    names = [key[len(prefix) :] for key in weights if key.startswith(prefix)]
    depth, arch = resnet_depth(names), densenet_arch(names)
    if depth is not None:
        return f'r{depth}'
    return None if arch is None else f'd{arch}'


def has_projection(weights: Mapping[str, Tensor], prefix: str) -> bool:
    """Whether the encoder under ``prefix`` ends in the two layers of MoCo v2."""
    return any(
        {f'{prefix}{head}0.weight', f'{prefix}{head}2.weight'} <= weights.keys()
        for head in _HEADS.values()
    )


def convert_encoder(ledger: Ledger, prefix: str) -> dict:
    """Map the encoder under ``prefix`` to ``backbone.*``.

    Returns:
        ``image_encoder`` (``'resnet50'``, ``'densenet121'``) and ``image_channels``.

    Raises:
        ConversionError: it is neither a ResNet nor a DenseNet, or incomplete.
    """
    if f'{prefix}conv1.weight' in ledger.left:
        depth = convert_resnet(ledger, prefix, 'backbone.')
        return dict(
            image_encoder=f'resnet{depth}',
            image_channels=512 if depth < 50 else 2048,
        )
    if f'{prefix}features.conv0.weight' in ledger.left:
        arch = convert_densenet(ledger, prefix, 'backbone.')
        last = ledger.state_dict.get('backbone.transitions.3.0.weight')
        if last is None:
            raise ConversionError(
                f'{ledger.name}: the checkpoint lacks {prefix}features.norm5.weight'
            )
        return dict(image_encoder=f'densenet{arch}', image_channels=len(last))
    raise ConversionError(
        f'{ledger.name}: the image encoder is neither a ResNet nor a DenseNet '
        '(the MNASNet among the published files cannot be loaded), or lacks its '
        'first convolution'
    )


def convert_projection(ledger: Ledger, prefix: str) -> dict | None:
    """Map the two layers of MoCo v2, and return their widths; None without them."""
    for head in _HEADS.values():
        if any(key.startswith(f'{prefix}{head}') for key in ledger.left):
            return convert_two_layers(ledger, prefix + head, 'projection.')
    return None


def convert_two_layers(ledger: Ledger, prefix: str, new_prefix: str) -> dict:
    """Map ``0`` and ``2`` of a ``Sequential`` and return their widths."""
    for layer in '02':
        for leaf in ('weight', 'bias'):
            ledger.move(f'{prefix}{layer}.{leaf}', f'{new_prefix}{layer}.{leaf}')
    widths = (len(ledger.state_dict[f'{new_prefix}{layer}.bias']) for layer in '02')
    return dict(zip(('hidden_channels', 'out_channels'), widths, strict=True))


def drop_training_state(ledger: Ledger) -> None:
    """Leave out what pre-training alone needs."""
    for key in list(ledger.left):
        for start, reason in _REASONS.items():
            if key.startswith(start):
                ledger.drop(key, reason)
