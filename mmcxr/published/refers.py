"""Published REFERS files to :class:`REFERS` and :class:`FilmEncoder`.

https://arxiv.org/abs/2111.03452. ``refers_checkpoint.pth``, which its fine-tuning
reads, is a flat state dict with a vision transformer under ``transformer.``; of other
entries its loaders take no notice. The pre-training writes ``model`` beside the state
of the training, with the transformer under ``visual.vit.transformer.``.
"""

import re
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from mmcxr.published.encoders.hf_bert import convert_bert
from mmcxr.published.encoders.timm_vit import vit_shape

from .configs import film_preprocessor
from .convirt import tokenizer as tokenizer
from .ledger import ConversionError, Ledger, weights_in

NAME = 'refers'
VARIANTS = ('vit_b16', 'pretrain')
_PREFIXES = ('visual.vit.transformer.', 'transformer.')
_PRETRAIN = ('fusion.', 'contrastive_bert.', 'textual.')
_BERT = 'contrastive_bert.text_encoder.'
_STEM = {
    'embeddings.cls_token': 'cls_token',
    'embeddings.position_embeddings': 'pos_embed',
    'embeddings.patch_embeddings.weight': 'patch_embed.projection.weight',
    'embeddings.patch_embeddings.bias': 'patch_embed.projection.bias',
    'encoder.encoder_norm.weight': 'ln1.weight',
    'encoder.encoder_norm.bias': 'ln1.bias',
}
_BLOCK = {
    'attention_norm': 'ln1',
    'attn.out': 'attn.proj',
    'ffn_norm': 'ln2',
    'ffn.fc1': 'ffn.layers.0.0',
    'ffn.fc2': 'ffn.layers.1',
}
_QKV = tuple(f'attn.{part}' for part in ('query', 'key', 'value'))
_LAYER = re.compile(r'encoder\.layer\.(\d+)\.')
_DECODER_LAYER = re.compile(
    r'textual\.transformer\.layers\.\d+\.(self_attn|multihead_attn|linear[12]|norm[123])'
    r'\.((in_proj_|out_proj\.)?(weight|bias))'
)
_DECODER = {
    'visual_projection.weight': 'visual_projection.weight',
    'visual_projection.bias': 'visual_projection.bias',
    'embedding.positions.weight': 'positions.weight',
    'embedding.layer_norm.weight': 'layer_norm.weight',
    'embedding.layer_norm.bias': 'layer_norm.bias',
    'output.weight': 'words.weight',
    'output.bias': 'bias',
}


def recognise(checkpoint: Any) -> str | None:
    """``'pretrain'`` with all its parts, ``'vit_b16'`` of an encoder, or None.

    A transformer of another size than ViT-B/16 is named by its width.
    """
    weights = weights_in(checkpoint)
    prefix = _prefix(weights)
    if prefix is None:
        return None
    if all(any(key.startswith(part) for key in weights) for part in _PRETRAIN):
        return 'pretrain'
    kernel = weights.get(f'{prefix}embeddings.patch_embeddings.weight')
    if kernel is None or (len(kernel), kernel.shape[-1]) == (768, 16):
        return 'vit_b16'
    return f'vit_{len(kernel)}_{kernel.shape[-1]}'


def convert(checkpoint: Any) -> tuple[dict[str, Tensor], dict]:
    """Map a published file to our names.

    Returns:
        The state dict, and ``info``: ``system``, ``variant``, ``task``, ``vit`` (see
        :func:`convert_vit`), ``image_size``, ``mean``,
        ``std``, ``dropped``; of pre-training also ``num_views``, ``text_encoder``
        (values of a ``BertConfig``), ``tokenizer`` and ``report_decoder``
        (``embed_dims``, ``num_layers``, ``feedforward_channels``, ``vocab_size``,
        ``max_length``).

    Raises:
        ConversionError: it is no such file, or keys are missing or unknown.
    """
    variant = recognise(checkpoint)
    if variant is None:
        raise ConversionError(f'{NAME}: this is no REFERS checkpoint')
    ledger = Ledger(weights_in(checkpoint), NAME)
    prefix = _prefix(ledger.left)
    whole = variant == 'pretrain'
    vit = _convert_vit(ledger, prefix, 'image_backbone.' if whole else 'backbone.')
    info = dict(system=NAME, variant=variant, task='pretraining', vit=vit)
    info |= dict(image_size=vit['img_size'])
    info |= dict(mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225])
    if whole:
        info |= _convert_studies(ledger)
    else:
        for key in [key for key in ledger.left if not key.startswith(prefix)]:
            ledger.drop(key, 'not part of the image encoder')
    return ledger.close(), dict(info, dropped=ledger.dropped)


def _prefix(weights: Mapping[str, Tensor]) -> str | None:
    for prefix in _PREFIXES:
        starts = (f'{prefix}embeddings.', f'{prefix}encoder.')
        if all(any(key.startswith(start) for key in weights) for start in starts):
            return prefix
    return None


def _convert_vit(ledger: Ledger, prefix: str, new_prefix: str) -> dict:
    for name, new in _STEM.items():
        ledger.move(prefix + name, new_prefix + new)
    names = [key[len(prefix) :] for key in ledger.left if key.startswith(prefix)]
    blocks = {int(match[1]) for match in map(_LAYER.match, names) if match}
    for block in blocks:
        old, new = f'{prefix}encoder.layer.{block}.', f'{new_prefix}layers.{block}.'
        for leaf in ('weight', 'bias'):
            for part, our_part in _BLOCK.items():
                ledger.move(f'{old}{part}.{leaf}', f'{new}{our_part}.{leaf}')
            qkv = [ledger.take(f'{old}{part}.{leaf}') for part in _QKV]
            ledger.put(f'{new}attn.qkv.{leaf}', torch.cat(qkv))
    return vit_shape(ledger, new_prefix, len(blocks))


def _convert_studies(ledger: Ledger) -> dict:
    """What joins the views of a study, reads its report and writes it."""
    views = sum(key.startswith('fusion.fc') for key in ledger.left) // 2
    for leaf in ('weight', 'bias'):
        gates = [ledger.take(f'fusion.fc{n + 1}.{leaf}') for n in range(views)]
        ledger.put(f'fusion.gate.{leaf}', torch.cat(gates))
        ledger.move(f'contrastive_bert.fc.{leaf}', f'text_projection.{leaf}')
    text = convert_bert(ledger, _BERT, 'text_backbone.bert.', pooler=True)
    return dict(
        num_views=views,
        text_encoder=text,
        tokenizer='emilyalsentzer/Bio_ClinicalBERT',
        report_decoder=_convert_decoder(ledger),
    )


def _convert_decoder(ledger: Ledger) -> dict:
    """One matrix embeds and predicts words; the file has it under two names."""
    for name, new in _DECODER.items():
        ledger.move(f'textual.{name}', f'report_decoder.{new}')
    if 'textual.embedding.words.weight' in ledger.left:
        reason = 'second name of textual.output.weight'
        ledger.drop('textual.embedding.words.weight', reason)
    layers = set()
    for key in [key for key in ledger.left if _DECODER_LAYER.fullmatch(key)]:
        layers.add(key.split('.')[3])
        ledger.move(key, key.replace('textual.transformer.', 'report_decoder.'))
    found = ledger.state_dict
    try:
        hidden = found['report_decoder.layers.0.linear1.bias']
        words, width = found['report_decoder.words.weight'].shape
    except (KeyError, ValueError) as error:
        raise ConversionError(f'{NAME}: the report decoder is incomplete') from error
    return dict(
        embed_dims=width,
        num_layers=len(layers),
        feedforward_channels=len(hidden),
        vocab_size=words,
        max_length=len(found['report_decoder.positions.weight']),
    )


def model_config(info: dict) -> dict:
    """Config of the model that the converter's ``info`` describes.

    Heads cannot be read off the weights; all are 64 channels wide.
    """
    vit = info['vit']
    width = vit['embed_dims']
    image = dict(
        type='mmpretrain.VisionTransformer',
        arch=dict(
            embed_dims=width,
            num_layers=vit['num_layers'],
            num_heads=width // 64,
            feedforward_channels=vit['feedforward_channels'],
        ),
        img_size=vit['img_size'],
        patch_size=vit['patch_size'],
        # Acts only if training goes on. The authors have it after the embeddings and
        # in the MLP; here it is also behind the attention.
        drop_rate=0.1,
    )
    if info['variant'] != 'pretrain':
        return dict(
            type='mmcxr.FilmEncoder',
            backbone=dict(image, out_type='cls_token'),
            data_preprocessor=film_preprocessor(info),
        )
    text = dict(type='mmcxr.BertEncoder', config=info['text_encoder'])
    decoder = info['report_decoder']
    return dict(
        type='mmcxr.REFERS',
        image_backbone=dict(image, out_type='raw'),
        text_backbone=dict(text, pooling='pooler'),
        view_fusion=dict(
            type='mmcxr.ViewFusion', channels=width, num_views=info['num_views']
        ),
        report_decoder=dict(
            type='mmcxr.ReportDecoder',
            in_channels=width,
            num_heads=max(1, decoder['embed_dims'] // 64),
            **decoder,
        ),
        image_channels=width,
        text_channels=info['text_encoder']['hidden_size'],
        num_views=info['num_views'],
        detach_text=True,  # as it was trained
        data_preprocessor=film_preprocessor(info),
    )
