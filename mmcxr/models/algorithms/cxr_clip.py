"""CXR-CLIP: image-text pre-training on studies of several films and texts.

https://arxiv.org/abs/2310.13292. Where the released code departs from what its
text intends, the default here is the intended behaviour and an option restores
the released one.

Shapes: B studies, V films and T texts of a study, L tokens, D channels of the
shared space, C channels of the image encoder.
"""

import math

import torch
from mmengine.structures import BaseDataElement
from torch import Tensor, nn

from mmcxr.models.losses.contrastive import (
    multi_view_clip_loss,
    multi_view_siglip_loss,
)
from mmcxr.registry import MODELS

from .dual_encoder import DualEncoder, studies_of
from .method import Encoded

LINEAR = dict(type='mmcxr.LinearProjection')
PAIR_LOSSES = ('info_nce', 'sigmoid')


@MODELS.register_module()
class CXRCLIP(DualEncoder):
    """Two encoders, two projections, one temperature.

    Also CheXzero and other CLIPs: :class:`CLIPViT` and :class:`CLIPTextEncoder`, which
    project by themselves, ``NoProjection``, and the weights of the image-image and
    text-text losses 0.

    Args:
        image_backbone: any image encoder; ``mmpretrain.ResNet`` (depth 50) and
            ``mmpretrain.SwinTransformer`` (tiny) are the published ones.
        text_backbone: maps ``(input_ids, attention_mask)`` to (N, C); see
            :class:`BertEncoder`.
        image_channels: channels of the pooled image feature (2048, 768).
        text_channels: channels of the text encoder (768).
        embed_dims: D; published 512.
        image_pooling: ``'avg'``, or ``'token0'`` as the published Swin models need
            (see :func:`pool_features`).
        projection: kind of projection of both encoders, without its channels:
            ``LinearProjection``, ``MLPProjection`` or ``NoProjection``.
        temperature: initial; the scale of the cosines, 1 / temperature, is learned
            by its logarithm ``logit_scale``.
        max_logit_scale: largest scale; ``None``, as released, sets no limit.
        image_weight: of the image-image loss; published 1.0, plain CLIP 0.
        text_weight: of the text-text loss; published 0.5, plain CLIP 0.
        label_smoothing: of the image-text losses, in training only.
        pair_loss: ``'info_nce'``, or ``'sigmoid'`` with a learned ``logit_bias``
            that starts at -10 (SigLIP, whose temperature starts at 0.1).
        separate_passes: encode first films, second films, first texts and second
            texts in a pass each, as released, which gives batch normalisation its
            statistics per pass. Otherwise one pass per encoder holds them all.
        tokenizer: config of the tokenizer the text encoder goes with; needed to
            encode words rather than token ids, and built when that is asked.
        prompt_head: config of a :class:`PromptHead` for zero-shot ``scores``.
        data_preprocessor: see :class:`FilmPreprocessor`.
        init_cfg: initialiser of mmengine.

    Raises:
        ValueError: an option has a value that does not exist or does not fit.
    """

    def __init__(
        self,
        image_backbone: dict,
        text_backbone: dict,
        image_channels: int,
        text_channels: int,
        embed_dims: int = 512,
        image_pooling: str = 'avg',
        projection: dict = LINEAR,
        temperature: float = 0.07,
        max_logit_scale: float | None = 100.0,
        image_weight: float = 1.0,
        text_weight: float = 0.5,
        label_smoothing: float = 0.0,
        pair_loss: str = 'info_nce',
        separate_passes: bool = False,
        tokenizer: dict | None = None,
        prompt_head: dict | None = None,
        data_preprocessor: dict | nn.Module | None = None,
        init_cfg: dict | list[dict] | None = None,
    ):
        if temperature <= 0:
            raise ValueError(f'temperature must be positive, not {temperature}')
        if pair_loss not in PAIR_LOSSES:
            raise ValueError(
                f'pair_loss is {pair_loss!r}; it must be one of {PAIR_LOSSES}'
            )
        if pair_loss == 'sigmoid' and label_smoothing:
            raise ValueError('the sigmoid loss has no label_smoothing')
        super().__init__(
            image_backbone,
            text_backbone,
            dict(projection, in_channels=image_channels, out_channels=embed_dims),
            dict(projection, in_channels=text_channels, out_channels=embed_dims),
            image_pooling,
            separate_passes,
            tokenizer,
            prompt_head,
            data_preprocessor,
            init_cfg,
        )
        self.logit_scale = nn.Parameter(torch.tensor(-math.log(temperature)))
        self.max_logit_scale = max_logit_scale
        self.image_weight, self.text_weight = image_weight, text_weight
        self.label_smoothing = label_smoothing
        self.logit_bias = None
        if pair_loss == 'sigmoid':
            self.logit_bias = nn.Parameter(torch.tensor(-10.0))

    def scale(self) -> Tensor:
        """Factor on the cosines, ``exp(logit_scale)`` up to ``max_logit_scale``.

        In training the parameter itself is held at the limit: were only its use
        limited, no gradient would lead it back.
        """
        if self.max_logit_scale is None:
            return self.logit_scale.exp()
        if self.training:
            with torch.no_grad():
                self.logit_scale.clamp_(max=math.log(self.max_logit_scale))
        return self.logit_scale.exp().clamp(max=self.max_logit_scale)

    def loss(
        self,
        encoded: Encoded,
        inputs: dict,
        data_samples: list[BaseDataElement] | None = None,
    ) -> dict[str, Tensor]:
        """Loss of the embeddings of a batch, with what is worth logging.

        Returns:
            ``loss``, its parts ``i2t``, ``t2i``, ``icl``, ``tcl``, and ``logit_scale``
            (the factor itself) with ``temperature``.
        """
        scale = self.scale()
        embeds = studies_of(encoded.image_embeds), studies_of(encoded.text_embeds)
        weights = self.image_weight, self.text_weight
        if self.logit_bias is None:
            smoothing = self.label_smoothing if self.training else 0.0
            losses = multi_view_clip_loss(*embeds, scale, *weights, smoothing)
        else:
            losses = multi_view_siglip_loss(*embeds, scale, self.logit_bias, *weights)
            losses['logit_bias'] = self.logit_bias.detach()
        scale = scale.detach()
        return dict(losses, logit_scale=scale, temperature=1 / scale)
