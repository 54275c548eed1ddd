"""Published ConVIRT files to :class:`ConVIRT` and :class:`FilmEncoder`.

https://arxiv.org/abs/2010.00747. ``convirt_chest_mimic.pt`` is a ResNet-50 alone; the
authors' trainer writes four state dicts side by side, ``image_encoder``,
``text_encoder``, ``image_proj`` and ``text_proj``, and its options under ``config``.
"""

import argparse
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from mmcxr.published.encoders.hf_bert import convert_bert
from mmcxr.published.encoders.torchvision_resnet import convert_resnet, resnet_depth

from .configs import convolutional, film_preprocessor
from .ledger import ConversionError, Ledger, strip_prefix, weights_in
from .momentum_contrast import convert_two_layers

NAME = 'convirt'
VARIANTS = ('r50', 'r50_bert')
PARTS = ('image_encoder', 'text_encoder', 'image_proj', 'text_proj')
_BERT = 'text_encoder.bert_model.'
_TOKENIZER = 'emilyalsentzer/Bio_ClinicalBERT'


def recognise(checkpoint: Any) -> str | None:
    """``'r50_bert'`` of a file of the trainer, with both encoders, or None."""
    weights = weights_in(checkpoint)
    if not all(any(k.startswith(f'{part}.') for k in weights) for part in PARTS):
        return None
    if not any(key.startswith(_BERT) for key in weights):
        return None
    depth = resnet_depth(_under('image_encoder.', weights))
    return f'r{depth}_bert' if depth else 'unknown'


def claim(checkpoint: Any) -> str | None:
    """As :func:`recognise`, of a file that is said to be ConVIRT's.

    A ResNet without a classifier, which nothing tells from others, is ``'r50'``. One
    with a classifier is not ConVIRT's: its trainer takes that away.
    """
    found = recognise(checkpoint)
    if found is not None:
        return found
    weights = _image_weights(checkpoint)
    if any(key.startswith('fc.') for key in weights):
        return None
    depth = resnet_depth(weights)
    return f'r{depth}' if depth else None


def convert(checkpoint: Any) -> tuple[dict[str, Tensor], dict]:
    """Map a published file to our names.

    Returns:
        The state dict, and ``info``: ``system``, ``variant``, ``task``,
        ``image_encoder``, ``image_channels``, ``image_size``, ``mean``, ``std``,
        ``dropped``; with a text encoder also ``text_encoder`` (values of a
        ``BertConfig``), ``text_pooling``, ``tokenizer``, ``embed_dims`` and ``loss``.

    Raises:
        ConversionError: it is no such file, or keys are missing or unknown.
    """
    variant = claim(checkpoint)
    if variant is None:
        raise ConversionError(f'{NAME}: this is no ConVIRT checkpoint')
    info = dict(system=NAME, variant=variant, task='pretraining', image_size=224)
    info |= dict(mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225])
    if recognise(checkpoint) is None:
        ledger = Ledger(_image_weights(checkpoint), NAME)
        info |= _convert_image(ledger, '', 'backbone.')
    else:
        ledger = Ledger(weights_in(checkpoint), NAME)
        info |= _convert_image(ledger, 'image_encoder.', 'image_backbone.')
        info |= _convert_text(ledger, options(checkpoint))
    return ledger.close(), dict(info, dropped=ledger.dropped)


def options(checkpoint: Any) -> Mapping:
    """What the trainer was called with, where the file tells."""
    config = checkpoint.get('config') if isinstance(checkpoint, Mapping) else None
    if isinstance(config, argparse.Namespace):
        return vars(config)
    return config if isinstance(config, Mapping) else {}


def _image_weights(checkpoint: Any) -> dict[str, Tensor]:
    """Those of the image encoder, flat or under ``image_encoder``."""
    if isinstance(checkpoint, Mapping) and 'image_encoder' in checkpoint:
        checkpoint = checkpoint['image_encoder']
    return strip_prefix(weights_in(checkpoint), 'image_encoder.')


def _convert_image(ledger: Ledger, prefix: str, new_prefix: str) -> dict:
    depth = convert_resnet(ledger, prefix, new_prefix)
    channels = 512 if depth < 50 else 2048
    return dict(image_encoder=f'resnet{depth}', image_channels=channels)


def _convert_text(ledger: Ledger, config: Mapping) -> dict:
    """Text encoder, both projections and what the loss was."""
    text = convert_bert(ledger, _BERT, 'text_backbone.bert.')
    widths = [
        convert_two_layers(ledger, f'{side}_proj.', f'{side}_projection.')
        for side in ('image', 'text')
    ]
    both = config.get('biloss', True)
    return dict(
        text_encoder=text,
        text_pooling=config.get('pool', 'max'),
        tokenizer=config.get('bert_name', _TOKENIZER),
        embed_dims=widths[0]['out_channels'],
        loss=dict(
            temperatures=(config.get('t1', 0.1), config.get('t2', 0.1)),
            image_weight=config.get('lambda', 0.75) if both else 1.0,
        ),
    )


def _under(prefix: str, weights: Mapping[str, Tensor]) -> list[str]:
    return [key[len(prefix) :] for key in weights if key.startswith(prefix)]


def model_config(info: dict) -> dict:
    """Config of the model that the converter's ``info`` describes."""
    image = convolutional(info['image_encoder'])
    if 'text_encoder' not in info:
        return dict(
            type='mmcxr.FilmEncoder',
            backbone=image,
            data_preprocessor=film_preprocessor(info),
        )
    text = dict(type='mmcxr.BertEncoder', config=info['text_encoder'])
    return dict(
        type='mmcxr.ConVIRT',
        image_backbone=image,
        text_backbone=dict(text, pooling=info['text_pooling']),
        image_channels=info['image_channels'],
        text_channels=info['text_encoder']['hidden_size'],
        embed_dims=info['embed_dims'],
        data_preprocessor=film_preprocessor(info),
        **info['loss'],
    )


def film_pipeline(info: dict) -> list[dict]:
    """Padded to a square, then resized."""
    return [
        dict(type='mmcxr.FilmPadSquare'),
        dict(type='mmcxr.FilmResize', size=info['image_size']),
    ]


def tokenizer(info: dict) -> dict:
    """The hub's, lower-casing, which is what transformers does with its folder."""
    return dict(type='mmcxr.HFTokenizer', name=info['tokenizer'], lowercase=True)
