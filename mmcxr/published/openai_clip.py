"""CLIP as OpenAI and open_clip name it to our ``CLIPViT`` and ``CLIPTextEncoder``.

https://arxiv.org/abs/2103.00020. Such a file is one flat state dict: the image tower
under ``visual.``, the text tower at the top.
"""

import re
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from .ledger import ConversionError, Ledger, weights_in

HEAD_CHANNELS = 64  # of every CLIP
_LEAVES = ('weight', 'bias')
_VISUAL = {
    'conv1.weight': 'patch_embed.projection.weight',
    'ln_pre.weight': 'pre_norm.weight',
    'ln_pre.bias': 'pre_norm.bias',
    'ln_post.weight': 'ln1.weight',
    'ln_post.bias': 'ln1.bias',
}
# Part of a block of CLIP, of mmpretrain's transformer and of transformers' CLIP.
_BLOCK = {
    'ln_1.': ('ln1.', 'layer_norm1.'),
    'attn.out_proj.': ('attn.proj.', 'self_attn.out_proj.'),
    'ln_2.': ('ln2.', 'layer_norm2.'),
    'mlp.c_fc.': ('ffn.layers.0.0.', 'mlp.fc1.'),
    'mlp.c_proj.': ('ffn.layers.1.', 'mlp.fc2.'),
}
_BLOCK_NUMBER = re.compile(r'transformer\.resblocks\.(\d+)\.')
# Beside the weights in state dicts of OpenAI's archives.
_CONSTANTS = ('input_resolution', 'context_length', 'vocab_size')


def is_clip(weights: Mapping[str, Tensor]) -> bool:
    """Whether a state dict has both towers of a CLIP with a vision transformer."""
    needed = ('visual.conv1.weight', 'visual.proj', 'token_embedding.weight')
    return all(key in weights for key in needed)


def clip_name(weights: Mapping[str, Tensor]) -> str:
    """``'vit_b32'``, ``'vit_l14'``, ..., of the image tower."""
    width, _, patch, _ = _four(weights['visual.conv1.weight'])
    sizes = {384: 's', 768: 'b', 1024: 'l', 1280: 'h'}
    return f'vit_{sizes.get(width, f"width{width}_")}{patch}'


def convert_clip(
    checkpoint: Any, name: str, image_prefix: str, text_prefix: str
) -> tuple[Ledger, dict]:
    """Map both towers; the caller takes ``logit_scale`` and closes the ledger.

    Returns:
        The ledger, and ``vit`` (``embed_dims``, ``num_layers``, ``patch_size``,
        ``img_size``, ``feedforward_channels``), ``text_encoder`` (values of a
        ``CLIPTextConfig``) and ``embed_dims``.

    Raises:
        ConversionError: parts are missing or have shapes that no CLIP has.
    """
    ledger = Ledger(weights_in(checkpoint), name)
    for key in _CONSTANTS:
        if key in ledger.left:
            ledger.drop(key, 'constant that the model knows itself')
    vit = _convert_image(ledger, image_prefix)
    text = _convert_text(ledger, text_prefix)
    width = len(ledger.state_dict[f'{image_prefix}projection.weight'])
    return ledger, dict(vit=vit, text_encoder=text, embed_dims=width)


def _convert_image(ledger: Ledger, new: str) -> dict:
    for old, ours in _VISUAL.items():
        ledger.move(f'visual.{old}', new + ours)
    ledger.put(f'{new}cls_token', ledger.take('visual.class_embedding')[None, None])
    positions = ledger.take('visual.positional_embedding')
    ledger.put(f'{new}pos_embed', positions[None])
    ledger.put(f'{new}projection.weight', _transposed(ledger, 'visual.proj'))
    depth = _blocks(ledger, 'visual.')
    for number in range(depth):
        old = f'visual.transformer.resblocks.{number}.'
        for leaf in _LEAVES:
            ours = f'{new}layers.{number}.attn.qkv.{leaf}'
            ledger.move(f'{old}attn.in_proj_{leaf}', ours)
            for part, (ours, _) in _BLOCK.items():
                ledger.move(f'{old}{part}{leaf}', f'{new}layers.{number}.{ours}{leaf}')
    kernel = _four(ledger.state_dict[f'{new}patch_embed.projection.weight'])
    return dict(
        embed_dims=kernel[0],
        num_layers=depth,
        num_heads=max(1, kernel[0] // HEAD_CHANNELS),
        feedforward_channels=_hidden(ledger, f'{new}layers.0.ffn.layers.0.0.weight'),
        patch_size=kernel[2],
        img_size=round((len(positions) - 1) ** 0.5) * kernel[2],
    )


def _convert_text(ledger: Ledger, new: str) -> dict:
    clip = f'{new}clip.'
    embedding = f'{clip}embeddings.'
    ledger.move('token_embedding.weight', f'{embedding}token_embedding.weight')
    ledger.move('positional_embedding', f'{embedding}position_embedding.weight')
    ledger.put(f'{new}projection.weight', _transposed(ledger, 'text_projection'))
    depth = _blocks(ledger, '')
    for leaf in _LEAVES:
        ledger.move(f'ln_final.{leaf}', f'{clip}final_layer_norm.{leaf}')
        for number in range(depth):
            old = f'transformer.resblocks.{number}.'
            ours = f'{clip}encoder.layers.{number}.'
            thirds = _thirds(ledger, f'{old}attn.in_proj_{leaf}')
            for part, third in zip('qkv', thirds, strict=True):
                ledger.put(f'{ours}self_attn.{part}_proj.{leaf}', third)
            for part, (_, theirs) in _BLOCK.items():
                ledger.move(f'{old}{part}{leaf}', f'{ours}{theirs}{leaf}')
    words, width = ledger.state_dict[f'{embedding}token_embedding.weight'].shape
    positions = ledger.state_dict[f'{embedding}position_embedding.weight']
    return dict(
        vocab_size=words,
        hidden_size=width,
        num_hidden_layers=depth,
        num_attention_heads=max(1, width // HEAD_CHANNELS),
        intermediate_size=_hidden(ledger, f'{clip}encoder.layers.0.mlp.fc1.weight'),
        max_position_embeddings=len(positions),
    )


def _blocks(ledger: Ledger, prefix: str) -> int:
    """How many blocks a tower has, counted from 0 without a gap."""
    names = [key[len(prefix) :] for key in ledger.left if key.startswith(prefix)]
    found = {int(match[1]) for match in map(_BLOCK_NUMBER.match, names) if match}
    if found != set(range(len(found))) or not found:
        tower = 'image' if prefix else 'text'
        raise ConversionError(
            f'{ledger.name}: the {tower} tower has the blocks {sorted(found)}, which '
            'leaves some out'
        )
    return len(found)


def _thirds(ledger: Ledger, key: str) -> tuple[Tensor, ...]:
    """Query, key and value; copies, since views would be saved whole."""
    value = ledger.take(key)
    if value.dim() == 0 or len(value) % 3:
        raise ConversionError(
            f'{ledger.name}: {key} has shape {tuple(value.shape)}, but must hold '
            'query, key and value'
        )
    return tuple(part.clone() for part in value.chunk(3))


def _transposed(ledger: Ledger, key: str) -> Tensor:
    value = ledger.take(key)
    if value.dim() != 2:
        raise ConversionError(f'{ledger.name}: {key} is no matrix')
    return value.T.contiguous()


def _hidden(ledger: Ledger, key: str) -> int:
    if key not in ledger.state_dict:
        raise ConversionError(f'{ledger.name}: there is no first block')
    return len(ledger.state_dict[key])


def _four(kernel: Tensor) -> tuple[int, ...]:
    if kernel.dim() != 4:
        raise ConversionError(
            f'visual.conv1.weight has shape {tuple(kernel.shape)}, which is no kernel '
            'of patches'
        )
    return tuple(kernel.shape)
