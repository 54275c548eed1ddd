"""Classifier of single films: linear probe and full fine-tuning.

Shapes: B films, C channels of the backbone.
"""

import torch
from mmengine.structures import BaseDataElement
from torch import Tensor, nn

from mmcxr.models.necks.pooling import check_pooling, pool_features
from mmcxr.registry import MODELS

from .method import Encoded, EncoderSpec, Method, backbone_spec
from .predictions import fill_samples


@MODELS.register_module()
class FilmClassifier(Method):
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

    @classmethod
    def encoder_spec(cls, config: dict) -> EncoderSpec:
        """The encoder under the head."""
        return backbone_spec(config)

    def encode(self, inputs: dict) -> Encoded:
        """Pooled features, as ``image_embeds`` (B, C), of ``image`` (B, 3, H, W)."""
        return Encoded(image_embeds=self.extract_feat(inputs['image']))

    def loss(
        self,
        encoded: Encoded,
        inputs: dict,
        data_samples: list[BaseDataElement] | None = None,
    ) -> dict[str, Tensor]:
        """Losses of the head; ``gt_label`` of the data samples is read."""
        return self.head.loss(encoded.image_embeds, data_samples)

    def tensor(self, inputs: dict) -> Tensor:
        """The head's outputs."""
        return self.head(self.encode(inputs).image_embeds)

    def predict(
        self,
        encoded: Encoded,
        inputs: dict,
        data_samples: list[BaseDataElement] | None = None,
    ) -> list[BaseDataElement]:
        """Fill data samples with ``scores``."""
        scores = self.head.predict(encoded.image_embeds)
        return fill_samples(data_samples, dict(scores=scores))
