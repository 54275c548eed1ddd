"""Vision transformer of the visible patches (https://arxiv.org/abs/2111.06377).

Shapes: B films, N patches of which K are visible, C channels.
"""

from collections.abc import Sequence

import torch
from mmengine.model import XavierInit
from mmpretrain.models.backbones import VisionTransformer
from torch import Tensor, nn
from torch.nn import functional as F

from mmcxr.models.positions import sincos_table
from mmcxr.registry import MODELS


@MODELS.register_module()
class MaskedViT(VisionTransformer):
    """mmpretrain's vision transformer, pre-trained with most patches left out.

    Its parameters are called as those of ``mmpretrain.VisionTransformer``, which
    takes them over for fine-tuning. Positions are a fixed sine-cosine table.

    Args:
        arch: name or settings, as ``mmpretrain.VisionTransformer`` takes them.
        img_size: side of the film in pixels.
        patch_size: side of a patch in pixels.
        pos_table: ``'mae'``, or ``'mrm'`` as in from-scratch runs of MRM's released
            code; see :func:`sincos_table`.
        init_cfg: initialiser of mmengine. Positions of a file replace the table.
    """

    def __init__(
        self,
        arch: str | dict = 'base',
        img_size: int | Sequence[int] = 224,
        patch_size: int = 16,
        pos_table: str = 'mae',
        init_cfg: dict | list[dict] | None = None,
    ):
        super().__init__(
            arch, img_size, patch_size, out_type='featmap', init_cfg=init_cfg
        )
        self.pos_embed.requires_grad = False
        self.pos_table = pos_table
        self._place()

    @property
    def num_patches(self) -> int:
        """N of a film of ``img_size``."""
        return self.pos_embed.shape[1] - 1

    def init_weights(self) -> None:
        """Draw all weights as MAE does, or read those that ``init_cfg`` names."""
        super().init_weights()
        if isinstance(self.init_cfg, dict) and self.init_cfg['type'] == 'Pretrained':
            return
        XavierInit(distribution='uniform', layer='Linear')(self)
        nn.init.xavier_uniform_(self.patch_embed.projection.weight.data.flatten(1))
        nn.init.normal_(self.cls_token, std=0.02)
        self._place()

    def _place(self) -> None:
        table = sincos_table(self.patch_resolution, self.embed_dims, self.pos_table)
        self.pos_embed.data.copy_(table)

    def forward(self, images: Tensor) -> tuple[Tensor]:
        """Map of the last block, all patches visible, **without** the final norm.

        This is what MRM is fine-tuned and probed from.

        Args:
            images: (B, 3, H, W); positions are resized where H, W is not ``img_size``.

        Returns:
            One map, (B, C, h, w).
        """
        patches, grid = self.patch_embed(images)
        positions = self.resize_pos_embed(
            self.pos_embed, self.patch_resolution, grid, self.interpolate_mode
        )
        tokens = self._blocks(patches + positions[:, 1:])
        return (self._format_output(tokens, grid),)

    def encode_visible(self, images: Tensor, visible: Tensor) -> Tensor:
        """Tokens of the visible patches after the final norm.

        Args:
            images: (B, 3, H, W) of ``img_size``.
            visible: (B, K) int64, numbers of the visible patches, row by row.

        Returns:
            (B, 1 + K, C); the class token, then the patches as ``visible`` lists them.

        Raises:
            ValueError: the films have another size.
        """
        if tuple(images.shape[2:]) != tuple(self.img_size):
            raise ValueError(
                f'films of {tuple(images.shape[2:])} px came, but img_size is '
                f'{self.img_size}'
            )
        # A convolution with a stride of its own width is a product with each patch;
        # those that are left out need none.
        projection = self.patch_embed.projection
        rows, columns = self.patch_resolution
        cells = images.unflatten(3, (columns, -1)).unflatten(2, (rows, -1))
        cells = cells.permute(0, 2, 4, 1, 3, 5).flatten(3).flatten(1, 2)  # (B, N, 3pp)
        index = visible.unsqueeze(-1)
        cells = cells.gather(1, index.expand(-1, -1, cells.shape[2]))
        patches = F.linear(cells, projection.weight.flatten(1), projection.bias)
        places = self.pos_embed[0, 1:][visible]
        return self.ln1(self._blocks(patches + places))

    def _blocks(self, patches: Tensor) -> Tensor:
        """Put the class token first and run all blocks."""
        token = self.cls_token + self.pos_embed[:, :1]
        tokens = torch.cat([token.expand(len(patches), -1, -1), patches], dim=1)
        for layer in self.layers:
            tokens = layer(tokens)
        return tokens
