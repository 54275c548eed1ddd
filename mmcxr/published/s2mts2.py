"""Published S2MTS2 files to :class:`FilmEncoder`.

https://arxiv.org/abs/2103.03629. ``encoder_q.*`` is a
DenseNet-121 whose ``classifier`` is square and is passed through twice, then
``classifier_group`` of two layers.
"""

from typing import Any

from torch import Tensor

from .configs import convolutional, film_encoder
from .ledger import ConversionError, Ledger, weights_in
from .momentum_contrast import (
    convert_encoder,
    convert_two_layers,
    drop_training_state,
    encoder_variant,
    query_prefix,
)

NAME = 's2mts2'
VARIANTS = ('d121',)
_GROUP = 'classifier_group.'


def recognise(checkpoint: Any) -> str | None:
    """``'d121'``, ... of a file with a twofold square classifier, or None.

    ``classifier_group`` may be missing, as after cxrlearn's loader.
    """
    weights = weights_in(checkpoint)
    prefix = query_prefix(weights)
    if not _is_square(weights.get(f'{prefix}classifier.weight')):
        return None
    if not prefix and not any(key.startswith(_GROUP) for key in weights):
        return encoder_variant(weights, prefix)
    return encoder_variant(weights, prefix) or 'unknown'


def convert(checkpoint: Any) -> tuple[dict[str, Tensor], dict]:
    """Map a published file to our names.

    Returns:
        The state dict, and ``info``: ``system``, ``variant``, ``task``,
        ``image_encoder``, ``image_channels``, ``projection`` (``hidden_channels`` and
        ``out_channels``, or None where the file has no ``classifier_group``),
        ``image_size``, ``mean``, ``std``, ``dropped``.

    Raises:
        ConversionError: it is no such file, or keys are missing or unknown.
    """
    variant = recognise(checkpoint)
    if variant is None:
        raise ConversionError(f'{NAME}: this is no S2MTS2 checkpoint')
    weights = weights_in(checkpoint)
    prefix = query_prefix(weights)
    ledger = Ledger(weights, NAME)
    info = dict(system=NAME, variant=variant, task='pretraining')
    info['projection'] = _convert_projection(ledger, prefix)
    info |= convert_encoder(ledger, prefix)
    drop_training_state(ledger)
    info |= dict(image_size=512, mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225])
    return ledger.close(), dict(info, dropped=ledger.dropped)


def _convert_projection(ledger: Ledger, prefix: str) -> dict | None:
    names = [f'{prefix}classifier.{leaf}' for leaf in ('weight', 'bias')]
    if not any(key.startswith(prefix + _GROUP) for key in ledger.left):
        for name in names:
            ledger.drop(name, 'first layer of a projection whose rest is not there')
        return None
    for name in names:
        ledger.move(name, name.replace(f'{prefix}classifier.', 'projection.twice.'))
    return convert_two_layers(ledger, prefix + _GROUP, 'projection.group.')


def _is_square(weight: Tensor | None) -> bool:
    return weight is not None and weight.dim() == 2 and len(weight) == weight.shape[1]


LEAKY = dict(type='LeakyReLU', negative_slope=0.1)


def model_config(info: dict) -> dict:
    """Config of the model that the converter's ``info`` describes."""
    backbone = dict(convolutional(info['image_encoder']), act_cfg=LEAKY)
    return film_encoder(info, backbone, 'mmcxr.S2MTS2Projection')


def film_pipeline(info: dict) -> list[dict]:
    """Shorter side to 512 pixels; nothing is cut off."""
    return [dict(type='mmcxr.FilmResize', size=info['image_size'])]


KEEPS_SHAPE = True  # its film pipeline gives films of different shapes
