"""Encoders of ours as transformers has them: a config and weights.

Names are those of files on the hub, which transformers 4 has and 5 still reads.
"""

import re
from collections.abc import Mapping

from torch import Tensor

from mmcxr.published.ledger import ConversionError

from .export_parts import Parts

HEAD_CHANNELS = 64
_STEM = {
    'cls_token': 'embeddings.cls_token',
    'pos_embed': 'embeddings.position_embeddings',
    'patch_embed.projection.weight': 'embeddings.patch_embeddings.projection.weight',
    'patch_embed.projection.bias': 'embeddings.patch_embeddings.projection.bias',
    'ln1.weight': 'layernorm.weight',
    'ln1.bias': 'layernorm.bias',
}
# Part of a block, and its name in transformers' ViT and CLIP.
_BLOCK = {
    'ln1': ('layernorm_before', 'layer_norm1'),
    'attn.proj': ('attention.output.dense', 'self_attn.out_proj'),
    'ln2': ('layernorm_after', 'layer_norm2'),
    'ffn.layers.0.0': ('intermediate.dense', 'mlp.fc1'),
    'ffn.layers.1': ('output.dense', 'mlp.fc2'),
}
_QKV = (
    [f'attention.attention.{part}' for part in ('query', 'key', 'value')],
    [f'self_attn.{part}_proj' for part in 'qkv'],
)
_BLOCK_KEY = re.compile(r'layers\.(\d+)\.(.*)\.(weight|bias)')
_CLIP_STEM = {
    'patch_embed.projection.weight': 'embeddings.patch_embedding.weight',
    'pre_norm.weight': 'pre_layrnorm.weight',  # sic  # codespell:ignore
    'pre_norm.bias': 'pre_layrnorm.bias',
    'ln1.weight': 'post_layernorm.weight',
    'ln1.bias': 'post_layernorm.bias',
}


def vit_to_hf(parts: Parts) -> tuple[dict, dict[str, str]]:
    """``ViTModel`` without its pooler.

    Raises:
        ConversionError: the encoder has no norm after its last block.
    """
    if 'ln1.weight' not in parts.encoder:
        raise ConversionError(
            'this vision transformer has no norm after its last block, as fine-tuned '
            "ones of MRM; transformers' ViT always has one"
        )
    weights, width = {}, parts.encoder['ln1.weight'].numel()
    for key, value in parts.encoder.items():
        if key in _STEM:
            weights[_STEM[key]] = value
        else:
            weights |= _block(key, value, 'encoder.layer.', 0)
    config = dict(
        model_type='vit',
        architectures=['ViTModel'],
        hidden_act='gelu',
        layer_norm_eps=1e-6,
        **_shape(parts.encoder, width),
    )
    reason = "transformers' ViT classifies from the class token, not from patches"
    head = {f'head.{key}': reason for key in parts.head}
    return dict(config=config, weights=weights), head


def clip_to_hf(parts: Parts) -> tuple[dict, dict[str, str]]:
    """``CLIPModel``, or ``CLIPVisionModelWithProjection`` without a text encoder.

    Raises:
        ConversionError: the encoder has no projection.
    """
    if 'projection.weight' not in parts.encoder:
        raise ConversionError(
            "this vision transformer was built without CLIP's projection, which "
            "transformers' CLIP always has"
        )
    width = parts.encoder['ln1.weight'].numel()
    image = dict(_shape(parts.encoder, width), hidden_act=parts.activation)
    projection_dim = len(parts.encoder['projection.weight'])
    weights = _clip_image(parts.encoder)
    reason = "transformers' CLIP has no place for a classifier"
    left = {f'head.{key}': reason for key in parts.head}
    if not parts.text:
        config = dict(
            image,
            model_type='clip_vision_model',
            architectures=['CLIPVisionModelWithProjection'],
            projection_dim=projection_dim,
        )
        return dict(config=config, weights=weights), left
    for key, value in parts.text.items():
        name = key.replace('clip.', 'text_model.', 1)
        weights[name.replace('projection.weight', 'text_projection.weight', 1)] = value
    weights['logit_scale'] = parts.logit_scale
    text = dict(_text_shape(parts.text), hidden_act=parts.activation)
    config = dict(
        model_type='clip',
        architectures=['CLIPModel'],
        projection_dim=projection_dim,
        text_config=dict(text, projection_dim=projection_dim),
        vision_config=dict(image, projection_dim=projection_dim),
    )
    return dict(config=config, weights=weights), left


def _clip_image(encoder: Mapping[str, Tensor]) -> dict[str, Tensor]:
    new, weights = 'vision_model.', {}
    for key, value in encoder.items():
        if key in _CLIP_STEM:
            weights[new + _CLIP_STEM[key]] = value
        elif key == 'cls_token':
            weights[f'{new}embeddings.class_embedding'] = value.flatten()
        elif key == 'pos_embed':
            weights[f'{new}embeddings.position_embedding.weight'] = value[0]
        elif key == 'projection.weight':
            weights['visual_projection.weight'] = value
        else:
            weights |= _block(key, value, f'{new}encoder.layers.', 1)
    return weights


def _block(key: str, value: Tensor, prefix: str, which: int) -> dict[str, Tensor]:
    """Entries of a block's entry: of ViT (``which`` 0) or CLIP (1)."""
    match = _BLOCK_KEY.fullmatch(key)
    number, part, leaf = match.groups() if match else ('', '', '')
    if part == 'attn.qkv':
        names = [f'{prefix}{number}.{name}.{leaf}' for name in _QKV[which]]
        # Copies: a view would be saved with all of the tensor it looks into.
        thirds = [third.clone() for third in value.chunk(3)]
        return dict(zip(names, thirds, strict=True))
    if part not in _BLOCK:
        raise ConversionError(f'transformers has no place for {key}')
    return {f'{prefix}{number}.{_BLOCK[part][which]}.{leaf}': value}


def _shape(encoder: Mapping[str, Tensor], width: int) -> dict:
    kernel = encoder['patch_embed.projection.weight']
    side = round((encoder['pos_embed'].shape[1] - 1) ** 0.5)
    return dict(
        hidden_size=width,
        num_hidden_layers=len({k.split('.')[1] for k in encoder if k[:7] == 'layers.'}),
        num_attention_heads=max(1, width // HEAD_CHANNELS),
        intermediate_size=len(encoder['layers.0.ffn.layers.0.0.weight']),
        patch_size=kernel.shape[2],
        image_size=side * kernel.shape[2],
    )


def _text_shape(text: Mapping[str, Tensor]) -> dict:
    words, width = text['clip.embeddings.token_embedding.weight'].shape
    layers = {k.split('.')[3] for k in text if k.startswith('clip.encoder.layers.')}
    return dict(
        vocab_size=words,
        hidden_size=width,
        num_hidden_layers=len(layers),
        num_attention_heads=max(1, width // HEAD_CHANNELS),
        intermediate_size=len(text['clip.encoder.layers.0.mlp.fc1.weight']),
        max_position_embeddings=len(text['clip.embeddings.position_embedding.weight']),
        # transformers reads the text off the first such token.
        bos_token_id=words - 2,
        eos_token_id=words - 1,
    )
