"""Swin Transformer of transformers to mmpretrain's.

https://arxiv.org/abs/2103.14030. transformers 5 renamed the parts of a block; both
generations of names are read, whichever version is installed. The two libraries
lay out two things differently: mmpretrain keeps query, key and value in one
matrix, and merges the four neighbours of a patch in another order.
"""

import re
from typing import Any

import torch
from torch import Tensor

from mmcxr.published.ledger import ConversionError, Ledger, weights_in

NAME = 'Hugging Face Swin Transformer'
_STEM = {
    'embeddings.patch_embeddings.projection': 'patch_embed.projection',
    'embeddings.norm': 'patch_embed.norm',
}
# Part of a block in transformers 4 and 5, and here; {} is query, key or value.
_QKV = (
    ('attention.self.query', 'attention.self.key', 'attention.self.value'),
    ('attention.q_proj', 'attention.k_proj', 'attention.v_proj'),
)
_BLOCK = {
    'layernorm_before': 'norm1',
    'layernorm_after': 'norm2',
    'attention.output.dense': 'attn.w_msa.proj',
    'attention.o_proj': 'attn.w_msa.proj',
    'intermediate.dense': 'ffn.layers.0.0',
    'mlp.fc1': 'ffn.layers.0.0',
    'output.dense': 'ffn.layers.1',
    'mlp.fc2': 'ffn.layers.1',
}
_TABLES = (
    'attention.self.relative_position_bias_table',
    'attention.relative_position_bias.relative_position_bias_table',
)
_INDEX = re.compile(r'.*\.relative_position_index')
_HEADS = ('classifier.weight', 'classifier.bias')
_ARCHS = {
    (96, (2, 2, 6, 2)): 'tiny',
    (96, (2, 2, 18, 2)): 'small',
    (128, (2, 2, 18, 2)): 'base',
    (192, (2, 2, 18, 2)): 'large',
}
# mmpretrain unfolds a 2 x 2 neighbourhood row by row within a channel;
# transformers concatenates four channel blocks, column by column.
_NEIGHBOURS = [0, 2, 1, 3]


def recognise(checkpoint: Any) -> str | None:
    """``'tiny'``, ... where the keys are those of a Swin of transformers."""
    try:
        _, info = convert(checkpoint)
    except ConversionError:
        return None
    return info['variant']


def convert(checkpoint: Any) -> tuple[dict[str, Tensor], dict]:
    """State dict of ``mmpretrain.SwinTransformer``, and ``info``.

    Raises:
        ConversionError: keys that no such model has, or none of its own.
    """
    ledger = Ledger(weights_in(checkpoint), NAME)
    prefix = 'swin.' if any(key.startswith('swin.') for key in ledger.left) else ''
    arch = convert_swin(ledger, prefix, '')
    for key in _HEADS:
        if key in ledger.left:
            ledger.drop(key, 'ImageNet classifier; not part of the encoder')
    info = dict(system=NAME, variant=arch, dropped=ledger.dropped)
    return ledger.close(), info


def convert_swin(ledger: Ledger, prefix: str, new_prefix: str) -> str:
    """Map the Swin Transformer under ``prefix`` and return its size.

    Raises:
        ConversionError: the depths and width are those of no known size.
    """
    norm = ledger.left.get(f'{prefix}embeddings.norm.weight')
    width = 0 if norm is None else norm.numel()
    blocks = _blocks(ledger, prefix)
    depths = tuple(sum(stage == s for stage, _ in blocks) for s in range(4))
    if (width, depths) not in _ARCHS:
        raise ConversionError(
            f'{ledger.name}: no known Swin Transformer has width {width} and '
            f'{depths} blocks'
        )
    for old, new in {**_STEM, 'layernorm': 'norm3'}.items():
        _move_pair(ledger, prefix + old, new_prefix + new)
    for stage, block in blocks:
        _convert_block(
            ledger,
            f'{prefix}encoder.layers.{stage}.blocks.{block}.',
            f'{new_prefix}stages.{stage}.blocks.{block}.',
        )
    for stage in range(3):
        old = f'{prefix}encoder.layers.{stage}.downsample'
        _convert_merging(ledger, old, f'{new_prefix}stages.{stage}.downsample')
    for key in [key for key in ledger.left if key.startswith(prefix)]:
        if _INDEX.fullmatch(key):
            ledger.drop(key, 'constant that the model computes itself')
    return _ARCHS[width, depths]


def _blocks(ledger: Ledger, prefix: str) -> list[tuple[int, int]]:
    pattern = re.compile(re.escape(prefix) + r'encoder\.layers\.(\d+)\.blocks\.(\d+)\.')
    found = {match.groups() for match in map(pattern.match, ledger.left) if match}
    return sorted((int(stage), int(block)) for stage, block in found)


def _move_pair(ledger: Ledger, old: str, new: str) -> None:
    for leaf in ('weight', 'bias'):
        ledger.move(f'{old}.{leaf}', f'{new}.{leaf}')


def _convert_block(ledger: Ledger, old: str, new: str) -> None:
    newer = f'{old}attention.q_proj.weight' in ledger.left
    for leaf in ('weight', 'bias'):
        parts = [ledger.take(f'{old}{part}.{leaf}') for part in _QKV[newer]]
        if len({part.shape for part in parts}) > 1:
            raise ConversionError(f'{ledger.name}: shapes differ in {old}attention')
        ledger.put(f'{new}attn.w_msa.qkv.{leaf}', torch.cat(parts))
    ledger.move(old + _TABLES[newer], f'{new}attn.w_msa.relative_position_bias_table')
    for part, new_part in _BLOCK.items():
        if f'{old}{part}.weight' in ledger.left:
            _move_pair(ledger, old + part, new + new_part)


def _convert_merging(ledger: Ledger, old: str, new: str) -> None:
    for leaf in ('reduction.weight', 'norm.weight', 'norm.bias'):
        value = ledger.take(f'{old}.{leaf}')
        if value.dim() == 0 or value.shape[-1] % 4:
            raise ConversionError(
                f'{ledger.name}: {old}.{leaf} has shape {tuple(value.shape)}, but its '
                'last axis must hold four neighbours'
            )
        blocks = value.unflatten(-1, (4, -1))[..., _NEIGHBOURS, :]  # (..., 4, C)
        ledger.put(f'{new}.{leaf}', blocks.transpose(-1, -2).flatten(-2))
