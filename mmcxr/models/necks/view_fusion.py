"""Films of a study into one sequence of tokens (REFERS, arXiv 2111.03452).

Shapes: B studies, V views, N patches, C channels.
"""

from mmengine.model import BaseModule
from torch import Tensor, nn

from mmcxr.registry import MODELS


@MODELS.register_module()
class ViewFusion(BaseModule):
    """A gate for each patch of each view, from the same patch of all views.

    The paper calls it attention; the released code weighs each view by a sigmoid of
    its own, so that weights need not sum to 1.

    Args:
        channels: C.
        num_views: V; published 3.
        init_cfg: initialiser of mmengine.
    """

    def __init__(
        self,
        channels: int,
        num_views: int = 3,
        init_cfg: dict | list[dict] | None = None,
    ):
        super().__init__(init_cfg)
        self.gate = nn.Linear(num_views * channels, num_views)

    def weights(self, patches: Tensor) -> Tensor:
        """(B, V, N, C) to gates (B, V, N), each in 0..1."""
        together = patches.transpose(1, 2).flatten(2)  # (B, N, V C)
        return self.gate(together).sigmoid().transpose(1, 2)

    def forward(self, patches: Tensor) -> Tensor:
        """Gated patches, one view after another, (B, V, N, C) to (B, V N, C)."""
        return (patches * self.weights(patches).unsqueeze(-1)).flatten(1, 2)
