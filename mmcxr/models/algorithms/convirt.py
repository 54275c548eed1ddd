"""ConVIRT: contrastive pre-training on paired films and sentences of their reports.

https://arxiv.org/abs/2010.00747.

Shapes: B pairs, D channels of the shared space.
"""

import torch
from mmengine.structures import BaseDataElement
from torch import Tensor, nn

from mmcxr.models.losses.contrastive import weighted_clip_loss
from mmcxr.registry import MODELS

from .dual_encoder import DualEncoder, one_of_each
from .method import Encoded


@MODELS.register_module()
class ConVIRT(DualEncoder):
    """Two encoders, two projections of two layers, fixed temperatures.

    Args:
        image_backbone: any image encoder; published ResNet-50.
        text_backbone: see :class:`BertEncoder`; published Bio_ClinicalBERT with
            ``pooling='max'``, which the paper has (the code's default is ``'mean'``).
        image_channels: channels of the pooled image feature.
        text_channels: channels of the text encoder.
        embed_dims: D; published 512.
        temperatures: of image-to-text and of text-to-image; published 0.1 each.
        image_weight: of image-to-text, the other has the rest to 1; paper 0.75.
        tokenizer: see :class:`DualEncoder`.
        prompt_head: see :class:`DualEncoder`.
        data_preprocessor: see :class:`FilmPreprocessor`.
        init_cfg: initialiser of mmengine.

    Raises:
        ValueError: an option has a value that does not exist or does not fit.
    """

    def __init__(
        self,
        image_backbone: dict,
        text_backbone: dict,
        image_channels: int = 2048,
        text_channels: int = 768,
        embed_dims: int = 512,
        temperatures: tuple[float, float] = (0.1, 0.1),
        image_weight: float = 0.75,
        tokenizer: dict | None = None,
        prompt_head: dict | None = None,
        data_preprocessor: dict | nn.Module | None = None,
        init_cfg: dict | list[dict] | None = None,
    ):
        if min(temperatures) <= 0:
            raise ValueError(f'temperatures must be positive, not {temperatures}')
        projection = dict(type='mmcxr.TwoLayerProjection', out_channels=embed_dims)
        super().__init__(
            image_backbone,
            text_backbone,
            dict(projection, in_channels=image_channels),
            dict(projection, in_channels=text_channels),
            tokenizer=tokenizer,
            prompt_head=prompt_head,
            data_preprocessor=data_preprocessor,
            init_cfg=init_cfg,
        )
        self.scales = tuple(1 / temperature for temperature in temperatures)
        self.image_weight = image_weight

    def scale(self) -> Tensor:
        """Factor on the cosines of a film with texts."""
        return torch.tensor(self.scales[0])

    def loss(
        self,
        encoded: Encoded,
        inputs: dict,
        data_samples: list[BaseDataElement] | None = None,
    ) -> dict[str, Tensor]:
        """Loss of a batch of pairs.

        Returns:
            ``loss`` and its parts ``i2t`` and ``t2i``.

        Raises:
            ValueError: studies of several films or texts.
        """
        return weighted_clip_loss(
            one_of_each(encoded.image_embeds, 2, 'film'),
            one_of_each(encoded.text_embeds, 2, 'text'),
            self.scales,
            self.image_weight,
        )
