"""Linear classifier of exclusive classes."""

import torch
from mmengine.structures import BaseDataElement
from torch import Tensor
from torch.nn import functional as F

from mmcxr.registry import MODELS

from .multi_label_head import MultiLabelHead


@MODELS.register_module()
class SingleLabelHead(MultiLabelHead):
    """One linear layer, probabilities of classes of which exactly one is true.

    The layer is that of :class:`MultiLabelHead`; its loss and probabilities are those
    of a softmax. Samples have ``gt_label`` (C,) with a single 1.

    Args:
        num_classes: number of classes C.
        in_channels: see :class:`MultiLabelHead`, as are all that follow.
        norm: normalise the feature first.
        init_std: start of the linear layer.
        dropout: share of the feature that is dropped in training.
        init_cfg: initialiser of mmengine.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        norm: bool = False,
        init_std: float | None = None,
        dropout: float = 0.0,
        init_cfg: dict | list[dict] | None = None,
    ):
        super().__init__(
            num_classes,
            in_channels,
            norm=norm,
            init_std=init_std,
            dropout=dropout,
            init_cfg=init_cfg,
        )

    def loss(
        self, features: Tensor, data_samples: list[BaseDataElement]
    ) -> dict[str, Tensor]:
        """``dict(loss=...)``, the mean cross entropy of the films."""
        logits = self(features)
        labels = torch.stack([torch.as_tensor(s.gt_label) for s in data_samples])
        labels = labels.to(logits.device, non_blocking=True).argmax(1)
        return dict(loss=F.cross_entropy(logits.float(), labels))

    def predict(self, features: Tensor) -> Tensor:
        """Probabilities (B, C), which add to one."""
        return self(features).float().softmax(-1)
