"""From visible patches to the pixels of the masked ones.

Shapes: B films, N patches of which K are visible and M = N - K masked, C channels of
the encoder, P pixel values of a patch.
"""

import torch
from mmengine.model import XavierInit
from mmpretrain.models.necks import MAEPretrainDecoder
from torch import Tensor, nn
from torch.nn import functional as F

from mmcxr.models.positions import sincos_table
from mmcxr.registry import MODELS


@MODELS.register_module()
class PixelDecoder(MAEPretrainDecoder):
    """Transformer that restores masked patches, at any resolution.

    Patches go through it in the order of masking, the visible ones first; each
    carries its position, so the order changes nothing, and the last layer, wide as
    the patches are large, runs on the masked ones alone.

    Args:
        in_channels: C.
        grid: rows and columns of patches.
        patch_size: side in pixels of a patch to predict; with twice the encoder's,
            the film is restored at twice the resolution it was seen at (MRM).
        embed_dims: width; MRM 768, MAE 512.
        num_layers: MRM 4, MAE 8.
        num_heads: MRM 6, MAE 16.
        pos_table: ``'mae'``, or ``'mrm'``, the table in the published file; see
            :func:`sincos_table`.
        init_cfg: initialiser of mmengine.
    """

    def __init__(
        self,
        in_channels: int = 768,
        grid: tuple[int, int] = (14, 14),
        patch_size: int = 32,
        embed_dims: int = 768,
        num_layers: int = 4,
        num_heads: int = 6,
        pos_table: str = 'mae',
        init_cfg: dict | list[dict] | None = None,
    ):
        super().__init__(
            num_patches=grid[0] * grid[1],
            patch_size=patch_size,
            embed_dim=in_channels,
            decoder_embed_dim=embed_dims,
            decoder_depth=num_layers,
            decoder_num_heads=num_heads,
            init_cfg=init_cfg,
        )
        self.grid = tuple(grid)
        self.patch_size = patch_size
        self.pos_table = pos_table
        self._place()

    def init_weights(self) -> None:
        """Draw all weights as MAE does, or read those that ``init_cfg`` names."""
        # Not the parent's, which draws over weights that were read.
        super(MAEPretrainDecoder, self).init_weights()
        if isinstance(self.init_cfg, dict) and self.init_cfg['type'] == 'Pretrained':
            return
        XavierInit(distribution='uniform', layer='Linear')(self)
        nn.init.normal_(self.mask_token, std=0.02)
        self._place()

    def _place(self) -> None:
        width = self.decoder_pos_embed.shape[-1]
        self.decoder_pos_embed.data.copy_(
            sincos_table(self.grid, width, self.pos_table)
        )

    def forward(self, latent: Tensor, order: Tensor) -> Tensor:
        """Pixels of the masked patches.

        Args:
            latent: (B, 1 + K, C), class token first, then the visible patches.
            order: (B, N) int64, numbers of all patches, the visible ones first and as
                ``latent`` has them.

        Returns:
            (B, M, P), patches as the end of ``order`` lists them; values of a patch
            run over row, column and channel.
        """
        return self._pixels(self._blocks(latent, order)[:, latent.shape[1] :])

    def restore(self, latent: Tensor, order: Tensor) -> Tensor:
        """Pixels of all patches, row by row, (B, N, P), for pictures."""
        pixels = self._pixels(self._blocks(latent, order)[:, 1:])
        place = order.argsort(dim=1).unsqueeze(-1)
        return pixels.gather(1, place.expand(-1, -1, pixels.shape[-1]))

    def _blocks(self, latent: Tensor, order: Tensor) -> Tensor:
        tokens = self.decoder_embed(latent)
        masked = 1 + self.num_patches - latent.shape[1]
        masks = self.mask_token.expand(len(latent), masked, -1)
        places = F.pad(order + 1, (1, 0))  # the class token has place 0
        tokens = torch.cat([tokens, masks], dim=1) + self.decoder_pos_embed[0, places]
        for block in self.decoder_blocks:
            tokens = block(tokens)
        return tokens

    def _pixels(self, tokens: Tensor) -> Tensor:
        return self.decoder_pred(self.decoder_norm(tokens))
