"""Films and texts encoded into one space: what image-text methods have in common.

Shapes: B studies, V films and T texts of a study, L tokens, D channels of the
shared space, C channels of the image encoder.
"""

from collections.abc import Callable
from copy import deepcopy
from functools import cached_property

import torch
from mmengine.structures import BaseDataElement
from torch import Tensor, nn
from torch.nn import functional as F

from mmcxr.models.backbones.text_rows import encode_rows
from mmcxr.models.necks.pooling import check_pooling, feature_grid, pool_features
from mmcxr.registry import MODELS, TOKENIZERS

from .method import Encoded, EncoderSpec, Method, preprocessing_of
from .predictions import fill_samples


class DualEncoder(Method):
    """Two encoders and two projections.

    A method says by ``scale()`` what its cosines are multiplied with and by ``loss``
    how it is trained.

    Args:
        image_backbone: any image encoder.
        text_backbone: maps ``(input_ids, attention_mask)`` to (N, C); see
            :class:`BertEncoder`.
        image_projection: config of the projection of films, with its channels.
        text_projection: likewise, of texts.
        image_pooling: see :func:`pool_features`.
        separate_passes: encode the films at each place of the studies, and the texts
            at each, in a pass of their own, as the released CXR-CLIP does.
        tokenizer: config of the tokenizer the text encoder goes with; needed to
            encode words rather than token ids, and built when that is asked.
        prompt_head: config of a :class:`PromptHead` for zero-shot ``scores``.
        data_preprocessor: see :class:`FilmPreprocessor`.
        init_cfg: initialiser of mmengine.

    Raises:
        ValueError: an option has a value that does not exist or does not fit.
    """

    #: Functions over studies, which :class:`MicroBatchHook` may run on a few at a time.
    piecewise = ('encode_films', 'encode_texts', 'text_backbone.encode_rows')

    def __init__(
        self,
        image_backbone: dict,
        text_backbone: dict,
        image_projection: dict,
        text_projection: dict,
        image_pooling: str = 'avg',
        separate_passes: bool = False,
        tokenizer: dict | None = None,
        prompt_head: dict | None = None,
        data_preprocessor: dict | nn.Module | None = None,
        init_cfg: dict | list[dict] | None = None,
    ):
        super().__init__(data_preprocessor, init_cfg)
        self.image_pooling = check_pooling(image_pooling)
        self.image_backbone = MODELS.build(image_backbone)
        self.text_backbone = MODELS.build(text_backbone)
        self.image_projection = MODELS.build(image_projection)
        self.text_projection = MODELS.build(text_projection)
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
                f'this {type(self).__name__} has no tokenizer; give it one in its '
                "config, model=dict(tokenizer=dict(type='HFTokenizer', name=...))"
            )
        return TOKENIZERS.build(self.tokenizer_config)

    @classmethod
    def encoder_spec(cls, config: dict) -> EncoderSpec:
        """The image encoder before its projection."""
        return EncoderSpec(
            backbone=deepcopy(dict(config['image_backbone'])),
            pooling=config.get('image_pooling', 'avg'),
            preprocessing=preprocessing_of(config),
            prefix='image_backbone.',
        )

    def image_maps(self, images: Tensor) -> tuple[Tensor, ...]:
        """What the image encoder returns of films (B, 3, H, W)."""
        return self.image_backbone(images)

    def extract_feat(self, images: Tensor) -> Tensor:
        """Pooled features before projection, (B, 3, H, W) to (B, C)."""
        return pool_features(self.image_maps(images), self.image_pooling)

    def encode_image(self, images: Tensor) -> Tensor:
        """L2-normalised embeddings, (B, 3, H, W) to (B, D) float32."""
        return unit(self.image_projection(self.extract_feat(images)))

    def encode_text(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """L2-normalised embeddings, (B, L) and (B, L) to (B, D) float32."""
        feature = self.text_backbone(input_ids, attention_mask)
        return unit(self.text_projection(feature))

    def encode(self, inputs: dict) -> Encoded:
        """Embeddings of all films and texts of a batch.

        Args:
            inputs: ``image`` float (B, V, 3, H, W) or (B, 3, H, W); ``input_ids``
                and ``attention_mask`` int64 (B, T, L) or (B, L), perhaps with
                ``text_rows``, see :func:`collate_studies`: the texts of a row are then
                encoded in one go, as if each were alone. Films or texts may be
                missing.

        Returns:
            ``image_embeds`` (B, V, D) or (B, D), ``text_embeds`` (B, T, D) or (B, D).
        """
        images = texts = None
        if 'image' in inputs:
            images = self.encode_films(inputs['image'])
        if 'text_rows' in inputs:
            texts = self.encode_joined_texts(
                inputs['input_ids'], inputs['attention_mask'], inputs['text_rows']
            )
        elif 'input_ids' in inputs:
            texts = self.encode_texts(inputs['input_ids'], inputs['attention_mask'])
        return Encoded(images, texts)

    def tensor(self, inputs: dict) -> tuple[Tensor | None, Tensor | None]:
        """Embeddings of films and of texts."""
        encoded = self.encode(inputs)
        return encoded.image_embeds, encoded.text_embeds

    def encode_films(self, images: Tensor) -> Tensor:
        """Embeddings of films (B, 3, H, W), or of studies of films (B, V, 3, H, W)."""
        return self._each(self.encode_image, 4, images)

    def encode_texts(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Embeddings of texts (B, L), or of studies of texts (B, T, L)."""
        return self._each(self.encode_text, 2, input_ids, attention_mask)

    def encode_joined_texts(
        self, input_ids: Tensor, attention_mask: Tensor, text_rows: Tensor
    ) -> Tensor:
        """The same of texts that are encoded in rows (R, L)."""
        feature = encode_rows(self.text_backbone, input_ids, attention_mask, text_rows)
        return unit(self.text_projection(feature))

    def predict(
        self,
        encoded: Encoded,
        inputs: dict,
        data_samples: list[BaseDataElement] | None = None,
    ) -> list[BaseDataElement]:
        """Fill data samples.

        Fields: ``image_embeds`` (D,) or (V, D), ``text_embeds`` (D,) or (T, D),
        ``logit_scale`` (the factor), and with a prompt head ``scores`` (C,), the
        mean over a study's films, whose class names are ``score_classes``.
        """
        images, texts = encoded.image_embeds, encoded.text_embeds
        fields, facts = dict(image_embeds=images, text_embeds=texts), {}
        if self.prompt_head is not None and images is not None:
            fields['scores'] = self.prompt_scores(encoded, self.prompt_head)
            facts['score_classes'] = self.prompt_head.classes
        size = len(texts if images is None else images)
        fields['logit_scale'] = self.scale().expand(size)
        return fill_samples(data_samples, fields, **facts)

    def zero_shot_head(self) -> dict:
        """Config of the head that scores prompts as this model's authors do."""
        return dict(type='mmcxr.PromptHead')

    def score_prompts(self, images: Tensor, head: nn.Module) -> Tensor:
        """Scores (B, C) of films (B, 3, H, W) by a head of that kind."""
        return self.prompt_scores(self.encode(dict(image=images)), head)

    def prompt_scores(self, encoded: Encoded, head: nn.Module) -> Tensor:
        """Scores (B, C) of what was encoded; of a study the mean over its films."""
        films = studies_of(encoded.image_embeds)
        scores = head.predict(films.flatten(0, 1), self.encode_text)
        return scores.unflatten(0, films.shape[:2]).mean(dim=1)

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
        grid = feature_grid(self.image_maps(images)).permute(0, 2, 3, 1)
        cells = unit(self.image_projection(grid))  # (B, h, w, D)
        return torch.einsum('bhwd,td->bthw', cells, text_embeds.to(cells))

    def _each(self, encode: Callable, item_dims: int, *tensors: Tensor) -> Tensor:
        """Encode items (B, ...) or studies of items (B, V, ...)."""
        if tensors[0].dim() == item_dims:
            return encode(*tensors)
        if self.separate_passes:
            places = zip(*(tensor.unbind(1) for tensor in tensors), strict=True)
            return torch.stack([encode(*place) for place in places], dim=1)
        size = tensors[0].shape[:2]
        return encode(*(tensor.flatten(0, 1) for tensor in tensors)).unflatten(0, size)


def unit(embeds: Tensor) -> Tensor:
    """Rows scaled to length 1, in float32 also under autocast."""
    return F.normalize(embeds.float(), dim=-1)


def studies_of(embeds: Tensor) -> Tensor:
    """(B, D) as studies of one item, (B, 1, D)."""
    return embeds.unsqueeze(1) if embeds.dim() == 2 else embeds


def one_of_each(tensor: Tensor, item_dims: int, what: str) -> Tensor:
    """Items (B, ...) of studies that have one each, (B, 1, ...) or (B, ...).

    Raises:
        ValueError: studies of several, for a method that is trained on pairs.
    """
    if tensor.dim() == item_dims:
        return tensor
    if tensor.shape[1] != 1:
        raise ValueError(
            f'the method is trained on pairs, but studies of {tensor.shape[1]} '
            f'{what}s came'
        )
    return tensor[:, 0]
