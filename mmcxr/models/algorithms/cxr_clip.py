"""CXR-CLIP: image-text pre-training on studies of several films and texts.

https://arxiv.org/abs/2310.13292. Where the released code departs from what its
text intends, the default here is the intended behaviour and an option restores
the released one.

Shapes: B studies, V films and T texts of a study, L tokens, D channels of the
shared space, C channels of the image encoder.
"""

import math
from collections.abc import Callable
from functools import cached_property

import torch
from mmengine.model import BaseModel
from mmengine.structures import BaseDataElement
from torch import Tensor, nn
from torch.nn import functional as F

from mmcxr.models.losses.contrastive import multi_view_clip_loss
from mmcxr.models.necks.pooling import check_pooling, feature_grid, pool_features
from mmcxr.registry import MODELS, TOKENIZERS

LINEAR = dict(type='mmcxr.LinearProjection')


@MODELS.register_module()
class CXRCLIP(BaseModel):
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
        separate_passes: bool = False,
        tokenizer: dict | None = None,
        prompt_head: dict | None = None,
        data_preprocessor: dict | nn.Module | None = None,
        init_cfg: dict | list[dict] | None = None,
    ):
        if isinstance(data_preprocessor, dict):
            data_preprocessor = MODELS.build(data_preprocessor)
        super().__init__(data_preprocessor, init_cfg)
        if temperature <= 0:
            raise ValueError(f'temperature must be positive, not {temperature}')
        self.image_pooling = check_pooling(image_pooling)
        self.image_backbone = MODELS.build(image_backbone)
        self.text_backbone = MODELS.build(text_backbone)
        out = dict(out_channels=embed_dims)
        self.image_projection = MODELS.build(
            dict(projection, in_channels=image_channels, **out)
        )
        self.text_projection = MODELS.build(
            dict(projection, in_channels=text_channels, **out)
        )
        self.logit_scale = nn.Parameter(torch.tensor(-math.log(temperature)))
        self.max_logit_scale = max_logit_scale
        self.image_weight, self.text_weight = image_weight, text_weight
        self.label_smoothing = label_smoothing
        self.separate_passes = separate_passes
        self.tokenizer_config = tokenizer
        self.prompt_head = None
        if prompt_head is not None:
            self.prompt_head = MODELS.build(prompt_head)

    @cached_property
    def tokenizer(self) -> Callable:
        """The text encoder's tokenizer, built (perhaps fetched) on first use.

        Raises:
            ValueError: the model was built without one.
        """
        if self.tokenizer_config is None:
            raise ValueError(
                'this CXRCLIP knows no tokenizer; give it one in its config, '
                "model=dict(tokenizer=dict(type='HFTokenizer', name=...))"
            )
        return TOKENIZERS.build(self.tokenizer_config)

    def zero_shot_head(self) -> dict:
        """Config of the head that scores prompts as this model's authors do."""
        return dict(type='mmcxr.PromptHead')

    def score_prompts(self, images: Tensor, head: nn.Module) -> Tensor:
        """Scores (B, C) of films (B, 3, H, W) by a head of that kind."""
        return head.predict(self.encode_image(images), self.encode_text)

    def extract_feat(self, images: Tensor) -> Tensor:
        """Pooled features before projection, (B, 3, H, W) to (B, C)."""
        return pool_features(self.image_backbone(images), self.image_pooling)

    def encode_image(self, images: Tensor) -> Tensor:
        """L2-normalised embeddings, (B, 3, H, W) to (B, D) float32."""
        return _unit(self.image_projection(self.extract_feat(images)))

    def encode_text(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """L2-normalised embeddings, (B, L) and (B, L) to (B, D) float32."""
        feature = self.text_backbone(input_ids, attention_mask)
        return _unit(self.text_projection(feature))

    def patch_similarity(self, images: Tensor, text_embeds: Tensor) -> Tensor:
        """Cosine of each grid cell with each text; an explanation, not a score.

        Cells are projected as the pooled feature is, though training saw only the
        pooled feature (with ``'token0'`` pooling a single cell): maps show where
        the encoder finds a text, they are not calibrated segmentations.

        Args:
            images: (B, 3, H, W).
            text_embeds: (T, D), L2-normalised.

        Returns:
            (B, T, h, w), each in [-1, 1].

        Raises:
            ValueError: the image backbone returns no grid.
        """
        grid = feature_grid(self.image_backbone(images)).permute(0, 2, 3, 1)
        cells = _unit(self.image_projection(grid))  # (B, h, w, D)
        return torch.einsum('bhwd,td->bthw', cells, text_embeds.to(cells))

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

    def forward(
        self,
        inputs: dict,
        data_samples: list[BaseDataElement] | None = None,
        mode: str = 'tensor',
    ):
        """Run on a prepared batch.

        Args:
            inputs: ``image`` float (B, V, 3, H, W) or (B, 3, H, W); ``input_ids``
                and ``attention_mask`` int64 (B, T, L) or (B, L). Either may be
                missing except in mode ``'loss'``.
            data_samples: one per study; filled in mode ``'predict'``.
            mode: ``'loss'``, ``'tensor'`` or ``'predict'``.

        Returns:
            - ``'loss'``: ``loss``, its parts ``i2t``, ``t2i``, ``icl``, ``tcl``,
              and ``logit_scale`` (the factor itself) with ``temperature``.
            - ``'tensor'``: image embeddings (B, V, D) or (B, D) and text
              embeddings (B, T, D) or (B, D); ``None`` for what is missing.
            - ``'predict'``: the data samples, see :meth:`predict`.
        """
        if mode == 'predict':
            return self.predict(inputs, data_samples)
        if mode not in ('loss', 'tensor'):
            raise ValueError(f'mode is {mode!r}; it must be loss, tensor or predict')
        embeds = self.embed(inputs)
        return embeds if mode == 'tensor' else self.loss(*embeds)

    def embed(self, inputs: dict) -> tuple[Tensor | None, Tensor | None]:
        """Embeddings of all films and texts of a batch, as mode ``'tensor'``."""
        images = texts = None
        if 'image' in inputs:
            images = self._each(self.encode_image, 4, inputs['image'])
        if 'input_ids' in inputs:
            tokens = inputs['input_ids'], inputs['attention_mask']
            texts = self._each(self.encode_text, 2, *tokens)
        return images, texts

    def loss(self, image_embeds: Tensor, text_embeds: Tensor) -> dict[str, Tensor]:
        """Loss of the embeddings of a batch, with what is worth logging."""
        scale = self.scale()
        # Half precision is too coarse for logits up to 100.
        with torch.autocast(scale.device.type, enabled=False):
            losses = multi_view_clip_loss(
                _studies(image_embeds),
                _studies(text_embeds),
                scale,
                self.image_weight,
                self.text_weight,
                self.label_smoothing if self.training else 0.0,
            )
        scale = scale.detach()
        return dict(losses, logit_scale=scale, temperature=1 / scale)

    def predict(
        self, inputs: dict, data_samples: list[BaseDataElement] | None = None
    ) -> list[BaseDataElement]:
        """Fill data samples; results are moved to the CPU in one go.

        Fields: ``image_embeds`` (D,) or (V, D), ``text_embeds`` (D,) or (T, D),
        ``logit_scale`` (the factor), and with a prompt head ``scores`` (C,), the
        mean over a study's films, whose class names are ``score_classes``.
        """
        images, texts = self.embed(inputs)
        fields = dict(image_embeds=images, text_embeds=texts)
        if self.prompt_head is not None and images is not None:
            fields['scores'] = self._zero_shot(images)
        fields = {k: v.detach().cpu() for k, v in fields.items() if v is not None}
        size = len(next(iter(fields.values())))
        if data_samples is None:
            data_samples = [BaseDataElement() for _ in range(size)]
        fields['logit_scale'] = self.scale().detach().cpu().expand(size)
        for row, sample in enumerate(data_samples):
            # Clones: a view would carry the whole batch along between processes.
            sample.set_data({name: v[row].clone() for name, v in fields.items()})
            if 'scores' in fields:
                sample.set_metainfo(dict(score_classes=self.prompt_head.classes))
        return data_samples

    def _zero_shot(self, image_embeds: Tensor) -> Tensor:
        films = _studies(image_embeds)
        scores = self.prompt_head.predict(films.flatten(0, 1), self.encode_text)
        return scores.unflatten(0, films.shape[:2]).mean(dim=1)

    def _each(self, encode: Callable, item_dims: int, *tensors: Tensor) -> Tensor:
        """Encode items (B, ...) or studies of items (B, V, ...)."""
        if tensors[0].dim() == item_dims:
            return encode(*tensors)
        size = tensors[0].shape[:2]
        if self.separate_passes:
            places = zip(*(tensor.unbind(1) for tensor in tensors), strict=True)
            return torch.stack([encode(*place) for place in places], dim=1)
        flat = (tensor.flatten(0, 1) for tensor in tensors)
        return encode(*flat).unflatten(0, size)


def _unit(embeds: Tensor) -> Tensor:
    """Rows scaled to length 1, in float32 also under autocast."""
    return F.normalize(embeds.float(), dim=-1)


def _studies(embeds: Tensor) -> Tensor:
    """(B, D) as studies of one item, (B, 1, D)."""
    return embeds.unsqueeze(1) if embeds.dim() == 2 else embeds
