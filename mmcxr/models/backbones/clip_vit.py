"""Image encoder of CLIP (https://arxiv.org/abs/2103.00020).

Shapes: B films, C channels of the transformer, D of the shared space.
"""

from collections.abc import Sequence

from mmpretrain.models.backbones import VisionTransformer
from torch import Tensor, nn

from mmcxr.registry import MODELS

ACTIVATIONS = {'quick_gelu': 'mmpretrain.QuickGELU', 'gelu': 'GELU'}


@MODELS.register_module()
class CLIPViT(VisionTransformer):
    """mmpretrain's vision transformer as CLIP has it, with CLIP's projection.

    A norm before the first block, none of the biases of the patches, eps 1e-5. With
    the projection it returns one vector per film, (B, D), not normalised: what
    CheXzero is probed from. Without, it is a backbone like any other.

    Args:
        arch: name or settings, as ``mmpretrain.VisionTransformer`` takes them.
        img_size: side of the film in pixels; positions of a file are resized to it.
        patch_size: side of a patch in pixels.
        out_channels: D, published 512; None leaves the projection out.
        activation: ``'quick_gelu'`` (OpenAI's weights, CheXzero) or ``'gelu'``.
        out_type: as ``mmpretrain.VisionTransformer`` has it; the projection needs
            ``'cls_token'``.
        out_indices: blocks that are returned.
        drop_path_rate: of the last block; it grows linearly from 0 in the first.
        init_cfg: initialiser of mmengine.

    Raises:
        ValueError: an unknown activation, or a projection of anything but the class
            token.
    """

    def __init__(
        self,
        arch: str | dict = 'base',
        img_size: int | Sequence[int] = 224,
        patch_size: int = 32,
        out_channels: int | None = 512,
        activation: str = 'quick_gelu',
        out_type: str = 'cls_token',
        out_indices: int | Sequence[int] = -1,
        drop_path_rate: float = 0.0,
        init_cfg: dict | list[dict] | None = None,
    ):
        if activation not in ACTIVATIONS:
            raise ValueError(
                f'activation is {activation!r}; it must be one of {list(ACTIVATIONS)}'
            )
        if out_channels is not None and out_type != 'cls_token':
            raise ValueError(
                f'CLIP projects the class token; for out_type={out_type!r} set '
                'out_channels=None'
            )
        super().__init__(
            arch,
            img_size,
            patch_size,
            out_indices=out_indices,
            drop_path_rate=drop_path_rate,
            norm_cfg=dict(type='LN', eps=1e-5),
            out_type=out_type,
            layer_cfgs=dict(act_cfg=dict(type=ACTIVATIONS[activation])),
            pre_norm=True,
            init_cfg=init_cfg,
        )
        self.projection = None
        if out_channels is not None:
            self.projection = nn.Linear(self.embed_dims, out_channels, bias=False)

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Films (B, 3, H, W) to an output per block of ``out_indices``."""
        outputs = super().forward(images)
        if self.projection is None:
            return outputs
        return tuple(self.projection(output) for output in outputs)
