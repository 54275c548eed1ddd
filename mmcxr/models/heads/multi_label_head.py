"""Linear classifier of several findings."""

import torch
from mmengine.model import BaseModule
from mmengine.structures import BaseDataElement
from torch import Tensor, nn

from mmcxr.models.losses.multi_label import UNCERTAIN, multi_label_bce
from mmcxr.registry import MODELS


@MODELS.register_module()
class MultiLabelHead(BaseModule):
    """One linear layer, one independent probability per finding.

    Args:
        num_classes: number of findings C.
        in_channels: channels of the feature.
        uncertain: what uncertain labels (-1) count as in the loss: ``'zeros'``
            (CXR-CLIP's code), ``'ones'`` or ``'ignore'``.
        init_cfg: initialiser of mmengine; without it, that of ``nn.Linear``.

    Raises:
        ValueError: unknown policy for uncertain labels.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        uncertain: str = 'zeros',
        init_cfg: dict | list[dict] | None = None,
    ):
        super().__init__(init_cfg)
        if uncertain not in UNCERTAIN:
            raise ValueError(
                f'uncertain is {uncertain!r}; it must be one of {UNCERTAIN}'
            )
        self.uncertain = uncertain
        self.fc = nn.Linear(in_channels, num_classes)

    def forward(self, features: Tensor) -> Tensor:
        """Features (B, in_channels) to logits (B, C)."""
        return self.fc(features)

    def loss(
        self, features: Tensor, data_samples: list[BaseDataElement]
    ) -> dict[str, Tensor]:
        """``dict(loss=...)`` against the samples' ``gt_label`` (C,)."""
        logits = self(features)
        labels = torch.stack([torch.as_tensor(s.gt_label) for s in data_samples])
        labels = labels.to(logits.device, non_blocking=True)
        return dict(loss=multi_label_bce(logits, labels, self.uncertain))

    def predict(self, features: Tensor) -> Tensor:
        """Probabilities (B, C)."""
        return self(features).float().sigmoid()
