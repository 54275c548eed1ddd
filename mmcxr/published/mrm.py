"""Published MRM files to :class:`MRM`, fine-tuned ones to :class:`FilmClassifier`.

https://github.com/RL4M/MRM-pytorch. ``MRM.pth`` holds the weights under ``model``,
perhaps beside the state of the training (optimizer, epoch, scaler, args); fine-tuning
writes ``*_bestauc_checkpoint.bin``, a bare state dict.
"""

from collections.abc import Mapping
from typing import Any

from torch import Tensor, equal

from mmcxr.published.encoders.hf_bert import convert_bert
from mmcxr.published.encoders.timm_vit import convert_blocks, convert_vit

from .configs import film_preprocessor
from .ledger import ConversionError, Ledger, weights_in

NAME = 'mrm'
VARIANTS = ('pretrain', 'finetune_vit_b16')
_BERT = 'bert_encoder.model.bert.'
_WORDS = 'bert_encoder.model.cls.predictions.'
_PRETRAIN = ('mask_token', 'decoder_pos_embed', 'bert_mlp.weight')
_CLASSIFIER = {
    'fc_norm.weight': 'head.norm.weight',
    'fc_norm.bias': 'head.norm.bias',
    'head.weight': 'head.fc.weight',
    'head.bias': 'head.fc.bias',
}
_DECODER = {
    'mask_token': 'mask_token',
    'decoder_pos_embed': 'decoder_pos_embed',
    'decoder_embed.weight': 'decoder_embed.weight',
    'decoder_embed.bias': 'decoder_embed.bias',
    'decoder_norm.weight': 'ln1.weight',
    'decoder_norm.bias': 'ln1.bias',
    'decoder_pred.weight': 'decoder_pred.weight',
    'decoder_pred.bias': 'decoder_pred.bias',
}
_REPORT = {
    f'{_WORDS}{part}.{leaf}': f'report_model.{part}.{leaf}'
    for part in ('transform.dense', 'transform.LayerNorm', 'decoder')
    for leaf in ('weight', 'bias')
}
_VIT_B16 = dict(embed_dims=768, num_layers=12, patch_size=16)
# Classifiers of ImageNet in its various sizes.
_IMAGENET = {1000, 10450, 11221, 11821, 21841, 21843}


def recognise(checkpoint: Any) -> str | None:
    """Which MRM file this is, or None.

    A fine-tuned file has no key of its own: any ViT-B/16 that was fine-tuned with
    averaged patches has the same. It counts as MRM's where the state dict is bare, as
    its scripts write it (MAE's and timm's lie under ``model`` or ``state_dict``), and
    the classes are not those of ImageNet; who loads it must know where it is from.
    """
    weights = weights_in(checkpoint)
    if all(key in weights for key in _PRETRAIN):
        return 'pretrain'
    head = weights.get('head.weight')
    if head is None or 'fc_norm.weight' not in weights or len(head) in _IMAGENET:
        return None
    if any(isinstance(value, Mapping) for value in checkpoint.values()):
        return None
    try:
        _, info = _convert_classifier(weights)
    except ConversionError:
        return None
    return 'finetune_vit_b16' if _VIT_B16.items() <= info['vit'].items() else None


def convert(checkpoint: Any) -> tuple[dict[str, Tensor], dict]:
    """Map a published file to our names.

    Returns:
        The state dict, and ``info``: ``system``, ``variant``, ``task``
        (``'pretraining'`` or ``'classification'``), ``vit`` (see
        :func:`convert_vit`), ``image_size``, ``mean``,
        ``std``, ``dropped``; for pre-training also ``image_decoder``
        (``embed_dims``, ``num_layers``, ``patch_size``) and ``text_encoder`` (values
        of a ``BertConfig``); for classification ``num_classes``.

    Raises:
        ConversionError: it is no such file, or keys are missing or unknown.
    """
    variant = recognise(checkpoint)
    if variant is None:
        raise ConversionError(f'{NAME}: this is no MRM checkpoint')
    part = _convert_model if variant == 'pretrain' else _convert_classifier
    state_dict, found = part(weights_in(checkpoint))
    task = 'pretraining' if variant == 'pretrain' else 'classification'
    info = dict(system=NAME, variant=variant, task=task, **found)
    info |= dict(image_size=found['vit']['img_size'], mean=[0.4978] * 3)
    return state_dict, dict(info, std=[0.2449] * 3)


def _convert_model(weights: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], dict]:
    ledger = Ledger(weights, NAME)
    vit = convert_vit(ledger, '', 'backbone.')
    decoder = 'image_decoder.'
    layers = convert_blocks(ledger, 'decoder_blocks.', f'{decoder}decoder_blocks.')
    for key, new in _DECODER.items():
        ledger.move(key, decoder + new)
    for leaf in ('weight', 'bias'):
        ledger.move(f'bert_mlp.{leaf}', f'condition.{leaf}')
    report = convert_bert(ledger, _BERT, 'report_model.bert.')
    for key, new in _REPORT.items():
        ledger.move(key, new)
    if f'{_WORDS}bias' in ledger.left:
        bias = ledger.state_dict['report_model.decoder.bias']
        if not equal(ledger.left[f'{_WORDS}bias'], bias):
            raise ConversionError(
                f'{NAME}: {_WORDS}bias and {_WORDS}decoder.bias differ, though they '
                'are one parameter'
            )
        ledger.drop(f'{_WORDS}bias', 'second name of decoder.bias')
    values, width = ledger.state_dict[f'{decoder}decoder_pred.weight'].shape
    pixels = dict(embed_dims=width, num_layers=layers)
    pixels['patch_size'] = round((values / 3) ** 0.5)
    info = dict(vit=vit, image_decoder=pixels, text_encoder=report)
    return ledger.close(), dict(info, dropped=ledger.dropped)


def _convert_classifier(
    weights: Mapping[str, Tensor],
) -> tuple[dict[str, Tensor], dict]:
    ledger = Ledger(weights, NAME)
    vit = convert_vit(ledger, '', 'backbone.')
    for key, new in _CLASSIFIER.items():
        ledger.move(key, new)
    state_dict = ledger.close()
    classes = len(state_dict['head.fc.weight'])
    return state_dict, dict(vit=vit, num_classes=classes, dropped=ledger.dropped)


def model_config(info: dict) -> dict:
    """Config of the model that the converter's ``info`` describes.

    Heads cannot be read off the weights; the encoder's are 64 channels wide, the image
    decoder's 128.
    """
    vit = info['vit']
    arch = {key: vit[key] for key in ('embed_dims', 'num_layers')}
    arch |= dict(
        num_heads=vit['embed_dims'] // 64,
        feedforward_channels=vit['feedforward_channels'],
    )
    size = dict(img_size=vit['img_size'], patch_size=vit['patch_size'])
    if info['task'] == 'classification':
        return dict(
            type='mmcxr.FilmClassifier',
            backbone=dict(
                type='mmpretrain.VisionTransformer',
                arch=arch,
                **size,
                drop_path_rate=0.1,  # acts only if training goes on
                final_norm=False,
                out_type='featmap',
            ),
            head=dict(
                type='mmcxr.MultiLabelHead',
                num_classes=info['num_classes'],
                in_channels=vit['embed_dims'],
                norm=True,
            ),
            data_preprocessor=film_preprocessor(info),
        )
    side = vit['img_size'] // vit['patch_size']
    return dict(
        type='mmcxr.MRM',
        backbone=dict(type='mmcxr.MaskedViT', arch=arch, **size),
        image_decoder=dict(
            type='mmcxr.PixelDecoder',
            in_channels=vit['embed_dims'],
            grid=(side, side),
            num_heads=max(1, info['image_decoder']['embed_dims'] // 128),
            **info['image_decoder'],
        ),
        report_model=dict(type='mmcxr.ReportModel', config=info['text_encoder']),
        loss_on='all',  # as it was trained
        data_preprocessor=film_preprocessor(info),
    )


def tokenizer(info: dict) -> dict:
    """``mimic_wordpiece.json`` of the authors' repository; its path is the user's."""
    return dict(type='mmcxr.HFTokenizer')
