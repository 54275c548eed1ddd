"""Linear classifier of several findings."""

from collections.abc import Sequence

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
        norm: normalise the feature first, by a layer normalisation of its own
            (``norm``, eps 1e-6). Vision transformers that are pooled by the mean of
            their patches need it (MAE, MRM: ``fc_norm``).
        init_std: start the linear layer from a normal distribution of this standard
            deviation and from zero bias (MRM 2e-5: every probability starts at one
            half). The default is the start of ``nn.Linear``.
        dropout: share of the feature that is dropped in training (ConVIRT 0.2).
        pos_weight: factor on the loss of present labels, one for all findings or one
            each. Absent over present labels weighs both sides of a finding alike.
        init_cfg: initialiser of mmengine.

    Raises:
        ValueError: unknown policy for uncertain labels, or weights that are not
            positive or not as many as findings.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        uncertain: str = 'zeros',
        norm: bool = False,
        init_std: float | None = None,
        dropout: float = 0.0,
        pos_weight: float | Sequence[float] | None = None,
        init_cfg: dict | list[dict] | None = None,
    ):
        super().__init__(init_cfg)
        if uncertain not in UNCERTAIN:
            raise ValueError(
                f'uncertain is {uncertain!r}; it must be one of {UNCERTAIN}'
            )
        self.uncertain = uncertain
        self.norm = nn.LayerNorm(in_channels, eps=1e-6) if norm else nn.Identity()
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(in_channels, num_classes)
        if init_std is not None:
            nn.init.trunc_normal_(self.fc.weight, std=init_std)
            nn.init.zeros_(self.fc.bias)
        if pos_weight is not None:
            pos_weight = torch.as_tensor(pos_weight, dtype=torch.float32)
            if pos_weight.shape not in ((), (num_classes,)) or pos_weight.min() <= 0:
                raise ValueError(
                    f'pos_weight is {pos_weight.tolist()}; it must be one positive '
                    f'number, or one for each of the {num_classes} findings'
                )
            pos_weight = pos_weight.expand(num_classes).clone()
        self.register_buffer('pos_weight', pos_weight, persistent=False)

    def forward(self, features: Tensor) -> Tensor:
        """Features (B, in_channels) to logits (B, C)."""
        return self.fc(self.dropout(self.norm(features)))

    def loss(
        self, features: Tensor, data_samples: list[BaseDataElement]
    ) -> dict[str, Tensor]:
        """``dict(loss=...)`` against the samples' ``gt_label`` (C,)."""
        logits = self(features)
        labels = torch.stack([torch.as_tensor(s.gt_label) for s in data_samples])
        labels = labels.to(logits.device, non_blocking=True)
        loss = multi_label_bce(logits, labels, self.uncertain, self.pos_weight)
        return dict(loss=loss)

    def predict(self, features: Tensor) -> Tensor:
        """Probabilities (B, C)."""
        return self(features).float().sigmoid()
