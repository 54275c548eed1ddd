"""Published GLoRIA files to :class:`GLoRIA`.

https://github.com/marshuang80/gloria: ``chexpert_resnet50.ckpt`` and
``chexpert_resnet18.ckpt``, files of Lightning 1.1. Weights lie under ``state_dict``,
each key behind ``gloria.``; the settings, an object of omegaconf, under
``hyper_parameters``.
"""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from mmcxr.published.encoders.hf_bert import convert_bert
from mmcxr.published.encoders.torchvision_resnet import convert_resnet, resnet_depth

from .configs import film_preprocessor
from .ledger import ConversionError, Ledger, weights_in

NAME = 'gloria'
VARIANTS = ('resnet50', 'resnet18')
_IMAGE = 'img_encoder.'
_RESNET = 'img_encoder.model.'
_BERT = 'text_encoder.model.'
_REGIONS = 'img_encoder.local_embedder.weight'
# Settings that change what the model computes, and the only values it was published
# with.
_FIXED = {
    ('model', 'norm'): False,
    ('model', 'text', 'norm'): False,
    ('model', 'text', 'aggregate_method'): 'sum',
    ('model', 'text', 'agg_tokens'): True,
}
_SETTINGS = {
    'tokenizer': (('model', 'text', 'bert_type'), 'emilyalsentzer/Bio_ClinicalBERT'),
    'num_layers': (('model', 'text', 'last_n_layers'), 4),
    'max_length': (('data', 'text', 'word_num'), 97),
    'fit_size': (('data', 'image', 'imsize'), 256),
    'image_size': (('transforms', 'random_crop', 'crop_size'), 224),
}


def recognise(checkpoint: Any) -> str | None:
    """``'resnet50'`` or ``'resnet18'`` where this is a GLoRIA file, or None."""
    weights = _weights(checkpoint)
    names = [key[len(_RESNET) :] for key in weights if key.startswith(_RESNET)]
    if not names or not any(
        key.startswith((_BERT, 'img_encoder.global_embedder.')) for key in weights
    ):
        return None
    return f'resnet{resnet_depth(names) or ""}'


def convert(checkpoint: Any) -> tuple[dict[str, Tensor], dict]:
    """Map a published file to our names.

    Returns:
        The state dict, and ``info``: ``system``, ``variant``, ``task``,
        ``image_encoder``, ``image_channels``, ``region_channels`` (None without local
        path), ``embed_dims``, ``text_encoder`` (values of a ``BertConfig``),
        ``tokenizer``, ``num_layers``, ``max_length``, ``fit_size``, ``image_size``,
        ``mean``, ``std``, ``dropped``.

    Raises:
        ConversionError: it is no such file, keys are missing or unknown, or its
            settings are none that were published.
    """
    variant = recognise(checkpoint)
    if variant is None:
        raise ConversionError(f'{NAME}: this is no GLoRIA checkpoint')
    settings = _settings(checkpoint)
    ledger = Ledger(_weights(checkpoint), NAME)
    depth = convert_resnet(ledger, _RESNET, 'image_backbone.')
    for leaf in ('weight', 'bias'):
        ledger.move(f'{_IMAGE}global_embedder.{leaf}', f'image_projection.{leaf}')
    found = ledger.state_dict
    regions = _convert_regions(ledger)
    text = convert_bert(ledger, _BERT, 'text_backbone.bert.')
    info = dict(
        system=NAME,
        variant=variant,
        task='pretraining',
        image_encoder=f'resnet{depth}',
        image_channels=_channels(found, 'layer4'),
        region_channels=regions,
        embed_dims=len(found['image_projection.weight']),
        text_encoder=text,
        mean=[0.5] * 3,
        std=[0.5] * 3,
        **settings,
    )
    return ledger.close(), dict(info, dropped=ledger.dropped)


def _convert_regions(ledger: Ledger) -> int | None:
    """Map the projection of regions, and return how many channels it takes.

    The released code declares 1,024 inputs for every ResNet, but layer 3 of a
    ResNet-18 has 256 channels: there it has never computed anything.
    """
    weight = ledger.left.get(_REGIONS)
    channels = _channels(ledger.state_dict, 'layer3')
    if weight is None and channels == 256:
        return None
    if weight is not None and weight.dim() == 4 and weight.shape[1] != channels:
        ledger.drop(
            _REGIONS,
            f'takes {weight.shape[1]} channels, but layer 3 has {channels}: this '
            'variant has a global path only',
        )
        return None
    ledger.move(_REGIONS, 'region_projection.weight')
    return channels


def _channels(weights: Mapping[str, Tensor], stage: str) -> int:
    """Channels that leave a stage of the converted ResNet."""
    for norm in ('bn3', 'bn2'):
        key = f'image_backbone.{stage}.0.{norm}.weight'
        if key in weights:
            return len(weights[key])
    raise ConversionError(f'{NAME}: {stage} of the image encoder lacks its norm')


def _weights(checkpoint: Any) -> dict[str, Tensor]:
    """Entries by what follows the last ``gloria.``, which is what its code reads."""
    weights = weights_in(checkpoint)
    names = [key.rpartition('gloria.')[2] for key in weights]
    if len(set(names)) < len(names):
        return {}
    return dict(zip(names, weights.values(), strict=True))


def _settings(checkpoint: Any) -> dict:
    config = checkpoint.get('hyper_parameters') if _is_map(checkpoint) else None
    for path, value in _FIXED.items():
        if _at(config, path, value) != value:
            raise ConversionError(
                f'{NAME}: its settings have {".".join(path)} = '
                f'{_at(config, path, value)!r}; published is {value!r}, and nothing '
                'else can be computed here'
            )
    return {name: _at(config, *place) for name, place in _SETTINGS.items()}


def _at(config: Any, path: tuple[str, ...], default: Any) -> Any:
    """Nested value of the settings, or ``default`` where a step is missing."""
    for step in path:
        if not _is_map(config) or config.get(step) is None:
            return default
        config = config[step]
    return config


def _is_map(value: Any) -> bool:
    return isinstance(value, Mapping)


def model_config(info: dict) -> dict:
    """Config of the model that the converter's ``info`` describes."""
    regions = info['region_channels']
    return dict(
        type='mmcxr.GLoRIA',
        image_backbone=dict(
            type='mmpretrain.ResNet',
            depth=int(info['image_encoder'].removeprefix('resnet')),
            out_indices=(3,) if regions is None else (2, 3),
        ),
        text_backbone=dict(type='mmcxr.BertEncoder', config=info['text_encoder']),
        image_channels=info['image_channels'],
        region_channels=regions,
        embed_dims=info['embed_dims'],
        num_layers=info['num_layers'],
        max_words=info['max_length'],
        data_preprocessor=film_preprocessor(info),
    )


def film_pipeline(info: dict) -> list[dict]:
    """The whole film in a black square, and the middle of that."""
    return [
        dict(type='mmcxr.FilmFit', size=info['fit_size'], interpolation='area'),
        dict(type='mmcxr.FilmCenterCrop', size=info['image_size']),
    ]


def tokenizer(info: dict) -> dict:
    """The hub's, after the text was reduced to lower-case words."""
    return dict(type='mmcxr.GLoRIATokenizer', name=info['tokenizer'])


def passes_for(found: str, wanted: str) -> bool:
    """``'r50'`` is another name of ``'resnet50'``."""
    return wanted.replace('resnet', 'r') == found.replace('resnet', 'r')


# What a caller may ask for.
ASKED_FOR = (*VARIANTS, 'r50', 'r18')
