"""An image encoder with frozen weights, always in evaluation mode."""

import torch
from mmengine.model import BaseModule
from torch import Tensor

from mmcxr.registry import MODELS


@MODELS.register_module()
class FrozenEncoder(BaseModule):
    """Any encoder, without gradient and always in eval mode.

    Its parameters take no gradient from the start, so that distributed training does
    not wait for theirs; statistics of batch normalisation are fixed and nothing is
    dropped. The switches of the encoders themselves (``frozen_stages``) each leave
    something out: mmpretrain's vision transformer keeps dropping paths, its Swin is
    frozen only once training starts, timm's backbones have none.

    Args:
        encoder: config of the encoder; its weights come by its own ``init_cfg``.
        init_cfg: initialiser of mmengine.
    """

    def __init__(self, encoder: dict, init_cfg: dict | list[dict] | None = None):
        super().__init__(init_cfg)
        self.encoder = MODELS.build(encoder)
        self.encoder.requires_grad_(False)
        self.encoder.eval()

    def train(self, mode: bool = True):
        """Switch mode; the encoder stays in eval mode."""
        super().train(mode)
        self.encoder.eval()
        return self

    @torch.no_grad()
    def forward(self, images: Tensor):
        """Whatever the encoder gives, detached."""
        return self.encoder(images)
