"""Vision transformers with timm's names to mmpretrain's.

https://arxiv.org/abs/2010.11929. MAE, MoCo v3, DINO and timm itself write these names
around the same blocks.
"""

import re
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from mmcxr.published.ledger import ConversionError, Ledger, weights_in

NAME = 'timm vision transformer'
# Parts of a block in timm, and here.
BLOCK = {
    'norm1': 'ln1',
    'attn.qkv': 'attn.qkv',
    'attn.proj': 'attn.proj',
    'norm2': 'ln2',
    'mlp.fc1': 'ffn.layers.0.0',
    'mlp.fc2': 'ffn.layers.1',
}
STEM = {
    'cls_token': 'cls_token',
    'pos_embed': 'pos_embed',
    'patch_embed.proj.weight': 'patch_embed.projection.weight',
    'patch_embed.proj.bias': 'patch_embed.projection.bias',
    'norm_pre.weight': 'pre_norm.weight',  # CLIP's
    'norm_pre.bias': 'pre_norm.bias',
    'norm.weight': 'ln1.weight',
    'norm.bias': 'ln1.bias',
}
_BLOCK_KEY = re.compile(r'(\d+)\.(' + '|'.join(BLOCK) + r')\.(weight|bias)')
_OUR_BLOCK_KEY = re.compile(
    r'layers\.(\d+)\.(' + '|'.join(BLOCK.values()) + r')\.(weight|bias)'
)
_DROPPED = (
    (re.compile(r'(head|head_dist|pre_logits\.fc)\.(weight|bias)'), 'classifier'),
    (re.compile(r'fc_norm\.(weight|bias)'), 'norm of the classifier'),
    (
        re.compile(r'mask_token|decoder_(pos_embed|(embed|norm|pred|blocks)\..*)'),
        'image decoder of a masked autoencoder',
    ),
)
_SIZES = {192: 'tiny', 384: 'small', 768: 'base', 1024: 'large', 1280: 'huge'}


def recognise(checkpoint: Any) -> str | None:
    """``'base'``, ... where all keys are those of such a transformer."""
    try:
        _, info = convert(checkpoint)
    except ConversionError:
        return None
    return info['variant']


def convert(checkpoint: Any) -> tuple[dict[str, Tensor], dict]:
    """State dict of ``mmpretrain.VisionTransformer``, and ``info``.

    Returns:
        The state dict, and ``info``: ``system``, ``variant``, ``vit`` (see
        :func:`convert_vit`), ``dropped``.

    Raises:
        ConversionError: keys that no such model has, or none of its own.
    """
    ledger = Ledger(weights_in(checkpoint), NAME)
    vit = convert_vit(ledger, '', '')
    for key in list(ledger.left):
        for pattern, reason in _DROPPED:
            if pattern.fullmatch(key):
                ledger.drop(key, f'{reason}; not part of the encoder')
                break
    variant = _SIZES.get(vit['embed_dims'], f'width {vit["embed_dims"]}')
    info = dict(system=NAME, variant=variant, vit=vit, dropped=ledger.dropped)
    return ledger.close(), info


def convert_vit(ledger: Ledger, prefix: str, new_prefix: str) -> dict:
    """Map the transformer under ``prefix`` and return its shape.

    Returns:
        ``embed_dims``, ``num_layers``, ``feedforward_channels``, ``patch_size`` and
        ``img_size``; the number of heads cannot be read off the weights.

    Raises:
        ConversionError: there is no such transformer, or parts of it are missing.
    """
    for name, new in STEM.items():
        if prefix + name in ledger.left:
            ledger.move(prefix + name, new_prefix + new)
    depth = convert_blocks(ledger, f'{prefix}blocks.', f'{new_prefix}layers.')
    return vit_shape(ledger, new_prefix, depth)


def convert_blocks(ledger: Ledger, prefix: str, new_prefix: str) -> int:
    """Map the blocks under ``prefix`` and return how many there are."""
    found = set()
    for key in [key for key in ledger.left if key.startswith(prefix)]:
        match = _BLOCK_KEY.fullmatch(key[len(prefix) :])
        if match:
            number, part, leaf = match.groups()
            ledger.move(key, f'{new_prefix}{number}.{BLOCK[part]}.{leaf}')
            found.add(int(number))
    return len(found)


def to_timm(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """``mmpretrain.VisionTransformer`` with timm's names.

    Raises:
        ConversionError: an entry has no place in timm's transformer.
    """
    stem = {ours: theirs for theirs, ours in STEM.items()}
    parts = {ours: theirs for theirs, ours in BLOCK.items()}
    renamed = {}
    for key, value in weights.items():
        match = _OUR_BLOCK_KEY.fullmatch(key)
        if key in stem:
            renamed[stem[key]] = value
        elif match:
            number, part, leaf = match.groups()
            renamed[f'blocks.{number}.{parts[part]}.{leaf}'] = value
        else:
            raise ConversionError(f'{NAME}: it has no place for {key}')
    return renamed


def to_mmseg(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """``mmpretrain.VisionTransformer`` with the names of mmseg's.

    They differ in the attention, which there is torch's; query, key and value follow
    one another in both.
    """
    names = {
        '.attn.qkv.': '.attn.attn.in_proj_',
        '.attn.proj.': '.attn.attn.out_proj.',
    }
    renamed = {}
    for key, value in weights.items():
        for ours, theirs in names.items():
            key = key.replace(ours, theirs)
        renamed[key] = value
    return renamed


def vit_shape(ledger: Ledger, new_prefix: str, depth: int) -> dict:
    """What :func:`convert_vit` returns, of a transformer that is mapped already."""
    try:
        kernel = ledger.state_dict[f'{new_prefix}patch_embed.projection.weight']
        hidden = ledger.state_dict[f'{new_prefix}layers.0.ffn.layers.0.0.weight']
        positions = ledger.state_dict[f'{new_prefix}pos_embed']
        ledger.state_dict[f'{new_prefix}cls_token']
        width, _, patch_size, _ = kernel.shape
        side = round((positions.shape[1] - 1) ** 0.5)
    except (KeyError, ValueError, IndexError) as error:
        raise ConversionError(
            f'{ledger.name}: the vision transformer is incomplete: {error}'
        ) from error
    return dict(
        embed_dims=width,
        num_layers=depth,
        feedforward_channels=len(hidden),
        patch_size=patch_size,
        img_size=side * patch_size,
    )
