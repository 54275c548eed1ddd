"""Projections from an encoder's channels into the shared space."""

from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn import functional as F

from mmcxr.registry import MODELS


@MODELS.register_module()
class LinearProjection(nn.Linear):
    """One linear layer with bias; the projection of the published CXR-CLIP.

    Args:
        in_channels: channels of the encoder.
        out_channels: channels of the shared space.
    """

    def __init__(self, in_channels: int, out_channels: int):
        super().__init__(in_channels, out_channels)


@MODELS.register_module()
class TwoLayerProjection(nn.Sequential):
    """Two linear layers with a ReLU between: MoCo v2, ConVIRT, SimCLR.

    Args:
        in_channels: channels of the encoder.
        out_channels: channels of the shared space.
        hidden_channels: between the two; those of the encoder by default.
    """

    def __init__(
        self, in_channels: int, out_channels: int, hidden_channels: int | None = None
    ):
        hidden_channels = hidden_channels or in_channels
        super().__init__(
            nn.Linear(in_channels, hidden_channels),
            nn.ReLU(),
            nn.Linear(hidden_channels, out_channels),
        )


@MODELS.register_module()
class S2MTS2Projection(BaseModule):
    """One square layer passed through twice, a ReLU, then two layers.

    ``y = group(relu(W (W x + b) + b))``. Nothing stands between the two passes, so
    that they are one affine map; the released code has them, and its weights.

    Args:
        in_channels: channels of the encoder; DenseNet-121 has 1024.
        out_channels: published 128.
        hidden_channels: of ``group``; those of the encoder by default.
        init_cfg: initialiser of mmengine.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        hidden_channels: int | None = None,
        init_cfg: dict | list[dict] | None = None,
    ):
        super().__init__(init_cfg)
        self.twice = nn.Linear(in_channels, in_channels)
        self.group = TwoLayerProjection(in_channels, out_channels, hidden_channels)

    def hidden(self, x: Tensor) -> Tensor:
        """What enters ``group``, (..., in_channels) to the same."""
        return self.twice(self.twice(x)).relu()

    def forward(self, x: Tensor) -> Tensor:
        """(..., in_channels) to (..., out_channels)."""
        return self.group(self.hidden(x))


@MODELS.register_module()
class MLPProjection(BaseModule):
    """Residual projection: ``p = W x``, ``y = LN(p + dropout(U gelu(p)))``.

    Args:
        in_channels: channels of the encoder.
        out_channels: channels of the shared space.
        dropout: on the residual branch.
        init_cfg: initialiser of mmengine.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        dropout: float = 0.1,
        init_cfg: dict | list[dict] | None = None,
    ):
        super().__init__(init_cfg)
        self.projection = nn.Linear(in_channels, out_channels)
        self.fc = nn.Linear(out_channels, out_channels)
        self.dropout = nn.Dropout(dropout)
        self.layer_norm = nn.LayerNorm(out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """(..., in_channels) to (..., out_channels)."""
        projected = self.projection(x)
        return self.layer_norm(projected + self.dropout(self.fc(F.gelu(projected))))


@MODELS.register_module()
class NoProjection(nn.Identity):
    """Encoder outputs used as they are.

    Args:
        in_channels: channels of the encoder.
        out_channels: channels of the shared space; must be the same.

    Raises:
        ValueError: the two differ.
    """

    def __init__(self, in_channels: int, out_channels: int):
        super().__init__()
        if in_channels != out_channels:
            raise ValueError(
                f'an encoder of {in_channels} channels needs a projection into a '
                f'space of {out_channels}; without one both encoders must have '
                'embed_dims channels'
            )
