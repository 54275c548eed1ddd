"""Published CXR-CLIP files to :class:`CXRCLIP`, fine-tuned ones to
:class:`FilmClassifier`.

https://github.com/Soombit-ai/cxr-clip: ``r50_m.tar``, ``r50_mc.tar``,
``r50_mcc.tar`` and ``swint_*.tar``, each one zip of ``torch.save`` whatever its
suffix says. Weights lie under ``model``, the settings under ``config``.
"""

import re
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from mmcxr.published.encoders.hf_bert import convert_bert
from mmcxr.published.encoders.hf_swin import convert_swin
from mmcxr.published.encoders.torchvision_resnet import convert_resnet

from .configs import film_preprocessor
from .ledger import ConversionError, Ledger, weights_in

NAME = 'cxr_clip'
VARIANTS = ('r50_m', 'r50_mc', 'r50_mcc', 'swint_m', 'swint_mc', 'swint_mcc')
_RESNET = 'image_encoder.resnet.'
_SWIN = 'image_encoder.image_encoder.'
_BERT = 'text_encoder.text_encoder.'
_CLASSIFIER = 'classifier.classification_head.'
_MIXES = {
    frozenset({'mimic_cxr'}): 'm',
    frozenset({'mimic_cxr', 'chexpert'}): 'mc',
    frozenset({'mimic_cxr', 'chexpert', 'chest14'}): 'mcc',
}
_IMAGENET = dict(mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225])
_HALF = dict(mean=[0.5] * 3, std=[0.5] * 3)
_TOKENIZER = 'emilyalsentzer/Bio_ClinicalBERT'


def recognise(checkpoint: Any) -> str | None:
    """Which CXR-CLIP file this is, or None.

    Returns:
        Backbone and training data (``'r50_m'``, ``'swint_mcc'``, ...), or the
        backbone alone (``'r50'``) where the file does not tell the data; with the
        ending ``'_classifier'`` for a fine-tuned file.
    """
    weights = weights_in(checkpoint)
    backbone = _backbone(weights)
    if backbone is None:
        return None
    if f'{_CLASSIFIER}weight' in weights:
        return f'{backbone}_classifier'
    if not any(key.startswith((_BERT, 'text_projection.')) for key in weights):
        return None
    mix = _mix(_config(checkpoint))
    return backbone if mix is None else f'{backbone}_{mix}'


def convert(checkpoint: Any) -> tuple[dict[str, Tensor], dict]:
    """Map a published file to our names.

    Returns:
        The state dict, and ``info``: ``system``, ``variant``, ``task``
        (``'pretraining'`` or ``'classification'``), ``image_encoder``
        (``'resnet50'``, ``'swin_tiny'``), ``image_channels``, ``image_pooling``,
        ``mean``, ``std``, ``image_size``, ``dropped``; for pre-training also
        ``embed_dims``, ``projection`` (``'linear'``, ``'mlp'``), ``text_encoder``
        (values of a ``BertConfig``), ``text_pooling``, ``tokenizer``,
        ``max_length`` and ``loss``; for classification ``num_classes``.

    Raises:
        ConversionError: it is no such file, or keys are missing or unknown.
    """
    variant = recognise(checkpoint)
    if variant is None:
        raise ConversionError(f'{NAME}: this is no CXR-CLIP checkpoint')
    ledger = Ledger(weights_in(checkpoint), NAME)
    config = _config(checkpoint)
    classifier = variant.endswith('_classifier')
    info = dict(system=NAME, variant=variant, dropped=ledger.dropped)
    info['task'] = 'classification' if classifier else 'pretraining'
    info['image_size'] = _at(config, 'base', 'image_size', default=224)
    info |= _convert_image(ledger, 'backbone.' if classifier else 'image_backbone.')
    if classifier:
        info['num_classes'] = len(ledger.left.get(f'{_CLASSIFIER}weight', ()))
        for leaf in ('weight', 'bias'):
            ledger.move(_CLASSIFIER + leaf, f'head.fc.{leaf}')
    else:
        info |= _convert_text(ledger, config) | _convert_shared(ledger)
        info['loss'] = _loss(config)
    return ledger.close(), info


def _convert_image(ledger: Ledger, new_prefix: str) -> dict:
    if _backbone(ledger.left) == 'swint':
        size = convert_swin(ledger, _SWIN, new_prefix)
        # The code reads token 0 of a sequence that has no class token; the
        # published weights were trained that way.
        chosen = dict(image_encoder=f'swin_{size}', image_pooling='token0', **_HALF)
        last = ledger.state_dict[f'{new_prefix}norm3.weight']
    else:
        depth = convert_resnet(ledger, _RESNET, new_prefix)
        chosen = dict(image_encoder=f'resnet{depth}', image_pooling='avg', **_IMAGENET)
        blocks = ledger.state_dict
        last = blocks.get(f'{new_prefix}layer4.0.bn3.weight')
        last = blocks[f'{new_prefix}layer4.0.bn2.weight'] if last is None else last
    return chosen | dict(image_channels=len(last))


def _convert_text(ledger: Ledger, config: Mapping) -> dict:
    encoder = ('model', 'text_encoder')
    tokenizer = _at(
        config, 'tokenizer', 'pretrained_model_name_or_path', default=_TOKENIZER
    )
    return dict(
        text_encoder=convert_bert(ledger, _BERT, 'text_backbone.bert.'),
        text_pooling=_at(config, *encoder, 'pooling', default='eos'),
        tokenizer=tokenizer,
        max_length=_at(config, 'base', 'text_max_length', default=256),
    )


def _convert_shared(ledger: Ledger) -> dict:
    """The two projections and the logarithm of the scale."""
    ledger.move('logit_scale', 'logit_scale')
    kind = 'mlp' if 'image_projection.fc.weight' in ledger.left else 'linear'
    for side in ('image_projection', 'text_projection'):
        for leaf in ('weight', 'bias'):
            new = f'{side}.{leaf}' if kind == 'linear' else f'{side}.projection.{leaf}'
            ledger.move(f'{side}.projection.{leaf}', new)
            for part in ('fc', 'layer_norm') if kind == 'mlp' else ():
                ledger.move(f'{side}.{part}.{leaf}', f'{side}.{part}.{leaf}')
    weight = 'weight' if kind == 'linear' else 'projection.weight'
    width = len(ledger.state_dict[f'image_projection.{weight}'])
    return dict(projection=kind, embed_dims=width)


def _loss(config: Mapping) -> dict:
    """Weights of the losses, as our model calls them."""
    path = ('loss', 'cxr_clip')
    return dict(
        image_weight=_at(config, *path, 'i2i_weight', default=1.0),
        text_weight=_at(config, *path, 't2t_weight', default=0.5),
        label_smoothing=_at(config, *path, 'label_smoothing', default=0.0),
    )


def _backbone(weights: Mapping[str, Tensor]) -> str | None:
    names = {_RESNET: 'r50', _SWIN: 'swint'}
    found = {
        name
        for prefix, name in names.items()
        if any(key.startswith(prefix) for key in weights)
    }
    return found.pop() if len(found) == 1 else None


def _config(checkpoint: Any) -> Mapping:
    config = checkpoint.get('config') if isinstance(checkpoint, Mapping) else None
    return config if isinstance(config, Mapping) else {}


def _mix(config: Mapping) -> str | None:
    data = config.get('data_train')
    if not isinstance(data, Mapping):
        return None
    return _MIXES.get(frozenset(re.sub(r'\W', '_', str(name)) for name in data))


def _at(config: Mapping, *path: str, default: Any) -> Any:
    """Nested value of the settings, or ``default`` where a step is missing."""
    for step in path:
        if not isinstance(config, Mapping) or config.get(step) is None:
            return default
        config = config[step]
    return config


# Published Swin models were trained with the same drop path in every block, on the
# attention branch alone; it acts only if training goes on.
_DROP_PATH = dict(attn_cfgs=dict(dropout_layer=dict(type='DropPath', drop_prob=0.1)))
_IMAGE_ENCODERS = {
    'resnet50': dict(type='mmpretrain.ResNet', depth=50, out_indices=(3,)),
    'swin_tiny': dict(
        type='mmpretrain.SwinTransformer',
        arch='tiny',
        img_size=224,
        drop_path_rate=0.0,
        stage_cfgs=dict(block_cfgs=_DROP_PATH),
    ),
}
_PROJECTIONS = {'linear': 'mmcxr.LinearProjection', 'mlp': 'mmcxr.MLPProjection'}
_BACKBONES = tuple(dict.fromkeys(name.split('_')[0] for name in VARIANTS))


def model_config(info: dict) -> dict:
    """Config of the model that the converter's ``info`` describes.

    Raises:
        ConversionError: an image encoder that was never published.
    """
    if info['image_encoder'] not in _IMAGE_ENCODERS:
        raise ConversionError(
            f'{info["system"]}: the image encoder is {info["image_encoder"]}, but '
            f'published are {", ".join(_IMAGE_ENCODERS)}'
        )
    image = _IMAGE_ENCODERS[info['image_encoder']]
    if info['task'] == 'classification':
        return dict(
            type='mmcxr.FilmClassifier',
            backbone=image,
            head=dict(
                type='mmcxr.MultiLabelHead',
                num_classes=info['num_classes'],
                in_channels=info['image_channels'],
            ),
            pooling=info['image_pooling'],
            data_preprocessor=film_preprocessor(info),
        )
    text = dict(type='mmcxr.BertEncoder', config=info['text_encoder'])
    return dict(
        type='mmcxr.CXRCLIP',
        image_backbone=image,
        text_backbone=dict(text, pooling=info['text_pooling']),
        image_channels=info['image_channels'],
        text_channels=info['text_encoder']['hidden_size'],
        embed_dims=info['embed_dims'],
        image_pooling=info['image_pooling'],
        projection=dict(type=_PROJECTIONS[info['projection']]),
        max_logit_scale=None,  # the released code sets no limit
        data_preprocessor=film_preprocessor(info),
        **info['loss'],
    )


def passes_for(found: str, wanted: str) -> bool:
    """A backbone alone (``'r50'``) is a variant too, on either side."""
    if found.split('_')[0] == wanted.split('_')[0] and '_' not in found:
        return True  # the file does not tell its training data
    return found.startswith(f'{wanted}_') and not found.endswith('_classifier')


def tokenizer(info: dict) -> dict:
    """The hub's, lower-casing.

    Published models were trained on lower-cased text, though the vocabulary is cased:
    the hub's folder says nothing of case, and lower-casing is the default.
    """
    return dict(type='mmcxr.HFTokenizer', name=info['tokenizer'], lowercase=True)


# What a caller may ask for.
ASKED_FOR = (
    *VARIANTS,
    *_BACKBONES,
    *(f'{name}_classifier' for name in _BACKBONES),
)
