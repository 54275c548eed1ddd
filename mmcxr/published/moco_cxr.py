"""Published MoCo-CXR files to :class:`FilmEncoder`.

https://arxiv.org/abs/2010.05352. ``r8w-*``, ``r5w-*`` and ``d1w-*.pth.tar``, and the
copies of cxrlearn: ``state_dict`` beside ``epoch``, ``arch`` and ``optimizer``.
"""

from typing import Any

from torch import Tensor

from .configs import convolutional, film_encoder
from .ledger import ConversionError, Ledger, weights_in
from .momentum_contrast import (
    convert_encoder,
    convert_projection,
    drop_training_state,
    encoder_variant,
    has_projection,
    query_prefix,
)

NAME = 'moco_cxr'
VARIANTS = ('r18', 'r50', 'd121')
# Queues of MedAug's keys, which say whose films they are.
METADATA_QUEUES = ('queue_id', 'queue_study', 'queue_lat')


def recognise(checkpoint: Any) -> str | None:
    """Which MoCo-CXR file this is, by its encoder, or None.

    Returns:
        ``'r18'``, ``'r50'``, ``'d121'``, ..., or ``'unknown'`` where the encoder is of
        no known kind. A file that was stripped of ``encoder_q.`` needs the projection,
        since nothing else tells it from any other encoder.
    """
    weights = weights_in(checkpoint)
    if any(key in weights for key in METADATA_QUEUES):
        return None
    return layout_variant(weights)


def layout_variant(weights: dict[str, Tensor]) -> str | None:
    """:func:`recognise` of a state dict whose queues may be any."""
    prefix = query_prefix(weights)
    if f'{prefix}classifier.weight' in weights:  # S2MTS2, or an ImageNet DenseNet
        return None
    if not prefix and not has_projection(weights, prefix):
        return None
    return encoder_variant(weights, prefix) or ('unknown' if prefix else None)


def convert(checkpoint: Any) -> tuple[dict[str, Tensor], dict]:
    """Map a published file to our names.

    Returns:
        The state dict, and ``info``: see :func:`convert_query_encoder`.

    Raises:
        ConversionError: it is no such file, or keys are missing or unknown.
    """
    if recognise(checkpoint) is None:
        raise ConversionError(f'{NAME}: this is no MoCo-CXR checkpoint')
    return convert_query_encoder(checkpoint, NAME)


def convert_query_encoder(checkpoint: Any, name: str) -> tuple[dict[str, Tensor], dict]:
    """Query encoder and projection of a MoCo-CXR or MedAug file.

    Returns:
        The state dict, and ``info``: ``system``, ``variant``, ``task``,
        ``image_encoder``, ``image_channels``, ``projection`` (``hidden_channels`` and
        ``out_channels``, or None), ``image_size``, ``mean``, ``std``, ``dropped``.
    """
    weights = weights_in(checkpoint)
    prefix = query_prefix(weights)
    ledger = Ledger(weights, name)
    info = dict(system=name, variant=layout_variant(weights), task='pretraining')
    info['projection'] = convert_projection(ledger, prefix)
    info |= convert_encoder(ledger, prefix)
    drop_training_state(ledger)
    info |= dict(image_size=320, mean=[0.5020] * 3, std=[0.085585] * 3)
    return ledger.close(), dict(info, dropped=ledger.dropped)


def model_config(info: dict) -> dict:
    """Config of the model that the converter's ``info`` describes; MedAug's too."""
    backbone = convolutional(info['image_encoder'])
    return film_encoder(info, backbone, 'mmcxr.TwoLayerProjection')
