"""A vision transformer with relative positions, as MRM segments with.

mmpretrain's ViT and one thing it lacks: a learned bias on the attention between two
patches that depends on how far apart they lie, a table per block and head
(https://arxiv.org/abs/2106.08254). mmpretrain's and mmsegmentation's BEiT have the
bias, but neither has MRM's bias on all of query, key and value together with absolute
positions and a fused attention; mmpretrain's also drops the path of the MLP twice.

Shapes: B films, N tokens (1 class token and h x w patches), D channels, A heads.
"""

import torch
from mmpretrain.models.backbones import VisionTransformer
from mmpretrain.models.utils import MultiheadAttention
from torch import Tensor, nn

from mmcxr.registry import MODELS


class RelativePositionAttention(MultiheadAttention):
    """mmpretrain's attention with a bias by relative position.

    ``relative_position_bias_table`` ((2h - 1)(2w - 1) + 3, A) starts at zero. Its rows
    are the displacements (down, right) of the query from the key, row by row, then
    class token to patch, patch to class token, class token to itself.

    Args:
        window: h, w of the patches; no other number of tokens is accepted.
        embed_dims: D.
        num_heads: A.
        drop_path_rate: share of the films for which the block is left out.
        attn_drop: share of the attention weights set to zero.
        proj_drop: share of the outputs set to zero.
        qkv_bias: bias on query, key and value.
        layer_scale_init_value: start of the scale of each channel; 0 is no scale.
    """

    def __init__(
        self,
        window: tuple[int, int],
        embed_dims: int,
        num_heads: int,
        drop_path_rate: float = 0.0,
        attn_drop: float = 0.0,
        proj_drop: float = 0.0,
        qkv_bias: bool = True,
        layer_scale_init_value: float = 0.0,
    ):
        super().__init__(
            embed_dims,
            num_heads,
            attn_drop=attn_drop,
            proj_drop=proj_drop,
            dropout_layer=dict(type='DropPath', drop_prob=drop_path_rate),
            qkv_bias=qkv_bias,
            layer_scale_init_value=layer_scale_init_value,
        )
        self.window = tuple(window)
        rows = (2 * window[0] - 1) * (2 * window[1] - 1) + 3
        self.relative_position_bias_table = nn.Parameter(torch.zeros(rows, num_heads))

    def bias(self) -> Tensor:
        """What is added to the attention's logits, (A, N, N)."""
        height, width = self.window
        patches, special = self.relative_position_bias_table.split(
            (len(self.relative_position_bias_table) - 3, 3)
        )
        # Displacements (2h - 1, 2w - 1, A). A window of h that begins at query row i
        # holds the displacements from i - (h - 1) to i: the keys from last to first.
        patches = patches.unflatten(0, (2 * height - 1, 2 * width - 1))
        patches = patches.unfold(0, height, 1).unfold(1, width, 1)  # (h, w, A, h, w)
        patches = patches.flip(3, 4).permute(2, 0, 1, 3, 4)
        patches = patches.flatten(3).flatten(1, 2)  # (A, h w, h w)
        to_patch, to_class, to_itself = special[..., None, None]  # (A, 1, 1) each
        size = patches.shape[1]
        first_row = torch.cat([to_itself, to_patch.expand(-1, 1, size)], dim=2)
        first_column = to_class.expand(-1, size, 1)
        return torch.cat([first_row, torch.cat([first_column, patches], dim=2)], dim=1)

    def forward(self, x: Tensor) -> Tensor:
        """Attend, (B, N, D) to (B, N, D).

        Raises:
            ValueError: not as many tokens as the window has.
        """
        batch, tokens, channels = x.shape
        if tokens != 1 + self.window[0] * self.window[1]:
            raise ValueError(
                f'relative positions are of {self.window[0]} x {self.window[1]} '
                f'patches and a class token, but {tokens} tokens came; pad films to '
                "the backbone's img_size (`size` and `test_cfg` of the data "
                'preprocessor)'
            )
        qkv = self.qkv(x).unflatten(2, (3, self.num_heads, self.head_dims))
        query, key, value = qkv.permute(2, 0, 3, 1, 4)  # (B, A, N, D / A) each
        attended = nn.functional.scaled_dot_product_attention(
            query,
            key,
            value,
            attn_mask=self.bias().to(query.dtype),
            dropout_p=self.attn_drop if self.training else 0.0,
        )
        x = self.proj(attended.transpose(1, 2).reshape(batch, tokens, channels))
        return self.out_drop(self.gamma1(self.proj_drop(x)))


@MODELS.register_module()
class RelativePositionViT(VisionTransformer):
    """mmpretrain's ``VisionTransformer`` with relative beside absolute positions.

    Its entries are those of ``VisionTransformer`` and, in each block,
    ``attn.relative_position_bias_table`` and the layer scales ``attn.gamma1`` and
    ``ffn.gamma2``; so what loads into the one loads into the other, and absolute
    positions are resized on loading. The defaults are MRM's for segmentation.

    Args:
        arch: name of an architecture (``'base'``), or a dict of ``embed_dims``,
            ``num_layers``, ``num_heads`` and ``feedforward_channels``.
        img_size: side of the input in pixels; relative positions take no other.
        patch_size: side of a patch in pixels.
        out_indices: blocks whose patch tokens are returned, as (B, D, h, w).
        drop_path_rate: of the last block; it grows linearly from 0 in the first.
        layer_scale_init_value: start of the layer scales.
        final_norm: normalise after the last block.
        norm_cfg: of the layer norms.
        init_cfg: initialiser of mmengine.
    """

    def __init__(
        self,
        arch: str | dict = 'base',
        img_size: int | tuple[int, int] = 512,
        patch_size: int = 16,
        out_indices: tuple[int, ...] = (3, 5, 7, 11),
        drop_path_rate: float = 0.1,
        layer_scale_init_value: float = 1.0,
        final_norm: bool = False,
        norm_cfg: dict | None = None,
        init_cfg: dict | list[dict] | None = None,
    ):
        super().__init__(
            arch=arch,
            img_size=img_size,
            patch_size=patch_size,
            out_indices=out_indices,
            drop_path_rate=drop_path_rate,
            norm_cfg=norm_cfg or dict(type='LN', eps=1e-6),
            final_norm=final_norm,
            out_type='featmap',
            layer_scale_init_value=layer_scale_init_value,
            init_cfg=init_cfg,
        )
        for layer in self.layers:
            layer.attn = RelativePositionAttention(
                self.patch_resolution,
                self.embed_dims,
                self.arch_settings['num_heads'],
                drop_path_rate=layer.attn.out_drop.drop_prob,
                layer_scale_init_value=layer_scale_init_value,
            )
