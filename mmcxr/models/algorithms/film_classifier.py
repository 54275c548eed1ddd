"""Classifier of single films: linear probe and full fine-tuning.

Shapes: B films, C channels of the backbone.
"""

import torch
from mmengine.model import BaseModel
from mmengine.structures import BaseDataElement
from torch import Tensor, nn

from mmcxr.models.necks.pooling import check_pooling, pool_features
from mmcxr.registry import MODELS

from .predictions import fill_samples


@MODELS.register_module()
class FilmClassifier(BaseModel):
    """An image encoder and a classification head.

    To start from pre-training, give the backbone an initialiser:
    ``init_cfg=dict(type='Pretrained', checkpoint=..., prefix='image_backbone.')``.

    Args:
        backbone: any image encoder.
        head: config of the head, for example ``dict(type='MultiLabelHead',
            num_classes=18, in_channels=2048)``.
        pooling: ``'avg'`` or ``'token0'``, as the encoder was pre-trained with.
        freeze_backbone: train the head alone. The backbone then takes no gradient
            and stays in eval mode: statistics of batch normalisation are fixed and
            nothing is dropped.
        data_preprocessor: see :class:`FilmPreprocessor`.
        init_cfg: initialiser of mmengine.
    """

    def __init__(
        self,
        backbone: dict,
        head: dict,
        pooling: str = 'avg',
        freeze_backbone: bool = False,
        data_preprocessor: dict | nn.Module | None = None,
        init_cfg: dict | list[dict] | None = None,
    ):
        if isinstance(data_preprocessor, dict):
            data_preprocessor = MODELS.build(data_preprocessor)
        super().__init__(data_preprocessor, init_cfg)
        self.pooling = check_pooling(pooling)
        self.backbone = MODELS.build(backbone)
        self.head = MODELS.build(head)
        self.freeze_backbone = freeze_backbone
        if freeze_backbone:
            self.backbone.requires_grad_(False)
            self.backbone.eval()

    def train(self, mode: bool = True):
        """Switch mode; a frozen backbone stays in eval mode."""
        super().train(mode)
        if self.freeze_backbone:
            self.backbone.eval()
        return self

    def extract_feat(self, images: Tensor) -> Tensor:
        """Pooled features, (B, 3, H, W) to (B, C)."""
        with torch.set_grad_enabled(
            torch.is_grad_enabled() and not self.freeze_backbone
        ):
            return pool_features(self.backbone(images), self.pooling)

    def forward(
        self,
        inputs: dict,
        data_samples: list[BaseDataElement] | None = None,
        mode: str = 'tensor',
    ):
        """Run on a prepared batch.

        Args:
            inputs: ``image`` float (B, 3, H, W).
            data_samples: one per film; ``gt_label`` is read in mode ``'loss'``.
            mode: ``'loss'`` (a dict of losses), ``'tensor'`` (the head's outputs)
                or ``'predict'`` (data samples with ``scores``, on the CPU).
        """
        features = self.extract_feat(inputs['image'])
        if mode == 'loss':
            return self.head.loss(features, data_samples)
        if mode == 'tensor':
            return self.head(features)
        if mode != 'predict':
            raise ValueError(f'mode is {mode!r}; it must be loss, tensor or predict')
        return fill_samples(data_samples, dict(scores=self.head.predict(features)))
