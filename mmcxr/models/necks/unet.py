"""U-Net's decoder on the stages of any image encoder.

https://arxiv.org/abs/1505.04597.  B films, C channels; map i of an encoder has its own
stride and C_i channels. mmseg's ``UNet`` is an encoder and decoder in one and takes no
pre-trained encoder; this is the decoder alone.
"""

from collections.abc import Sequence

import torch
from mmcv.cnn import ConvModule
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn import functional as F

from mmcxr.registry import MODELS


@MODELS.register_module()
class UNetNeck(BaseModule):
    """Decode stage maps step by step up to the size of the film.

    A step enlarges the map (bilinear), concatenates the encoder's next finer map and
    applies two 3x3 convolutions. When the encoder has no finer map, a step doubles
    the size without one: on the stages of a ResNet (strides 4, 8, 16, 32) three steps
    reach stride 4 and five the full size. An encoder that also gives its stem
    (stride 2) has a skip for the fourth.

    Any decode head of mmseg may follow it, in the simplest case one 1x1 convolution:
    ``dict(type='mmseg.FCNHead', in_channels=C, channels=C, num_convs=0, ...)``.

    Args:
        in_channels: C_i of the encoder's maps, fine to coarse.
        channels: width of each step, coarse to fine; at least one step for each map
            but the coarsest.
        norm_cfg: normalisation after each convolution.
        act_cfg: activation after that.
        init_cfg: initialiser of mmengine.

    Raises:
        ValueError: fewer than two maps, or a map without a step.
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        channels: Sequence[int],
        norm_cfg: dict | None = None,
        act_cfg: dict | None = None,
        init_cfg: dict | list[dict] | None = None,
    ):
        super().__init__(init_cfg or _INIT)
        if len(in_channels) < 2 or len(channels) < len(in_channels) - 1:
            raise ValueError(
                'a U-Net has two maps or more, and a step for each but the coarsest; '
                f'got maps of {tuple(in_channels)} and steps of {tuple(channels)} '
                'channels'
            )
        *skips, width = in_channels
        skips = [*reversed(skips), *[0] * (len(channels) - len(skips))]
        options = dict(
            norm_cfg=norm_cfg or dict(type='BN'), act_cfg=act_cfg or dict(type='ReLU')
        )
        self.num_maps = len(in_channels)
        self.steps = nn.ModuleList()
        for skip, out in zip(skips, channels, strict=True):
            self.steps.append(
                nn.Sequential(
                    ConvModule(width + skip, out, 3, padding=1, **options),
                    ConvModule(out, out, 3, padding=1, **options),
                )
            )
            width = out

    def forward(self, inputs: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Decode.

        Args:
            inputs: maps (B, C_i, H_i, W_i), fine to coarse.

        Returns:
            The coarsest map as it came, then that of each step, coarse to fine: a
            head takes the finest with ``in_index=-1``, an auxiliary one another.
        """
        if len(inputs) != self.num_maps:
            raise ValueError(
                f'UNetNeck was built for {self.num_maps} maps, the encoder gives '
                f'{len(inputs)}; name as many out_indices as in_channels'
            )
        *skips, x = inputs
        outs = [x]
        for step in self.steps:
            if skips:
                skip = skips.pop()
                x = torch.cat([_enlarged(x, size=skip.shape[2:]), skip], dim=1)
            else:
                x = _enlarged(x, scale_factor=2.0)
            x = step(x)
            outs.append(x)
        return tuple(outs)


_INIT = [
    dict(type='Kaiming', layer='Conv2d'),
    dict(type='Constant', val=1, layer=['_BatchNorm', 'GroupNorm']),
]


def _enlarged(x: Tensor, **size) -> Tensor:
    return F.interpolate(x, mode='bilinear', align_corners=False, **size)
