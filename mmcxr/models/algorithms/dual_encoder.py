"""Films and texts encoded into one space: what image-text methods have in common.

Shapes: B studies, V films and T texts of a study, L tokens, D channels of the
shared space, C channels of the image encoder.
"""

from collections.abc import Callable
from functools import cached_property

import torch
from mmengine.model import BaseModel
from mmengine.structures import BaseDataElement
from torch import Tensor, nn
from torch.nn import functional as F

from mmcxr.models.backbones.text_rows import padded_texts, tokens_of_rows
from mmcxr.models.necks.pooling import check_pooling, feature_grid, pool_features
from mmcxr.recompute import recomputed
from mmcxr.registry import MODELS, TOKENIZERS

from .predictions import fill_samples


class DualEncoder(BaseModel):
    """Two encoders and two projections.

    A method says by ``scale()`` what its cosines are multiplied with and by
    ``loss(image_embeds, text_embeds)`` how it is trained.

    Args:
        image_backbone: any image encoder.
        text_backbone: maps ``(input_ids, attention_mask)`` to (N, C); see
            :class:`BertEncoder`.
        image_projection: config of the projection of films, with its channels.
        text_projection: likewise, of texts.
        image_pooling: see :func:`pool_features`.
        separate_passes: encode the films at each place of the studies, and the texts
            at each, in a pass of their own; see :class:`CXRCLIP`.
        micro_batch: studies encoded at once. The loss is still that of the whole
            batch and so are all gradients; activations are those of one micro-batch,
            and each is encoded twice. Batch normalisation sees micro-batches.
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
        image_projection: dict,
        text_projection: dict,
        image_pooling: str = 'avg',
        separate_passes: bool = False,
        micro_batch: int | None = None,
        tokenizer: dict | None = None,
        prompt_head: dict | None = None,
        data_preprocessor: dict | nn.Module | None = None,
        init_cfg: dict | list[dict] | None = None,
    ):
        if isinstance(data_preprocessor, dict):
            data_preprocessor = MODELS.build(data_preprocessor)
        super().__init__(data_preprocessor, init_cfg)
        if micro_batch is not None and micro_batch < 1:
            raise ValueError(
                f'micro_batch is {micro_batch}; it must be 1 or more, or None'
            )
        self.image_pooling = check_pooling(image_pooling)
        self.image_backbone = MODELS.build(image_backbone)
        self.text_backbone = MODELS.build(text_backbone)
        self.image_projection = MODELS.build(image_projection)
        self.text_projection = MODELS.build(text_projection)
        self.separate_passes = separate_passes
        self.micro_batch = micro_batch
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
                f'this {type(self).__name__} knows no tokenizer; give it one in its '
                "config, model=dict(tokenizer=dict(type='HFTokenizer', name=...))"
            )
        return TOKENIZERS.build(self.tokenizer_config)

    def zero_shot_head(self) -> dict:
        """Config of the head that scores prompts as this model's authors do."""
        return dict(type='mmcxr.PromptHead')

    def score_prompts(self, images: Tensor, head: nn.Module) -> Tensor:
        """Scores (B, C) of films (B, 3, H, W) by a head of that kind."""
        return head.predict(self.encode_image(images), self.encode_text)

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

    def forward(
        self,
        inputs: dict,
        data_samples: list[BaseDataElement] | None = None,
        mode: str = 'tensor',
    ):
        """Run on a prepared batch.

        Args:
            inputs: ``image`` float (B, V, 3, H, W) or (B, 3, H, W); ``input_ids``
                and ``attention_mask`` int64 (B, T, L) or (B, L), perhaps with
                ``text_rows``, see :func:`collate_studies`. Either may be missing
                except in mode ``'loss'``.
            data_samples: one per study; filled in mode ``'predict'``.
            mode: ``'loss'``, ``'tensor'`` or ``'predict'``.

        Returns:
            - ``'loss'``: a dict, see ``loss`` of the method.
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
            texts = self.embed_texts(inputs)
        return images, texts

    def embed_texts(self, inputs: dict) -> Tensor:
        """Embeddings of all texts of a batch, (B, D) or (B, T, D).

        With ``text_rows`` those of a row are encoded in one go, as if each were alone.
        """
        if 'text_rows' in inputs:
            return self._joined(inputs)
        tokens = inputs['input_ids'], inputs['attention_mask']
        return self._each(self.encode_text, 2, *tokens)

    def predict(
        self, inputs: dict, data_samples: list[BaseDataElement] | None = None
    ) -> list[BaseDataElement]:
        """Fill data samples; results are moved to the CPU in one go.

        Fields: ``image_embeds`` (D,) or (V, D), ``text_embeds`` (D,) or (T, D),
        ``logit_scale`` (the factor), and with a prompt head ``scores`` (C,), the
        mean over a study's films, whose class names are ``score_classes``.
        """
        images, texts = self.embed(inputs)
        fields, facts = dict(image_embeds=images, text_embeds=texts), {}
        if self.prompt_head is not None and images is not None:
            fields['scores'] = self._zero_shot(images)
            facts['score_classes'] = self.prompt_head.classes
        size = len(texts if images is None else images)
        fields['logit_scale'] = self.scale().expand(size)
        return fill_samples(data_samples, fields, **facts)

    def _zero_shot(self, image_embeds: Tensor) -> Tensor:
        films = studies_of(image_embeds)
        scores = self.prompt_head.predict(films.flatten(0, 1), self.encode_text)
        return scores.unflatten(0, films.shape[:2]).mean(dim=1)

    def _each(self, encode: Callable, item_dims: int, *tensors: Tensor) -> Tensor:
        """Encode items (B, ...) or studies of items (B, V, ...)."""
        if tensors[0].dim() == item_dims:
            return self._in_pieces(encode, self.micro_batch, *tensors)
        size = tensors[0].shape[:2]
        if self.separate_passes:
            places = zip(*(tensor.unbind(1) for tensor in tensors), strict=True)
            passes = [self._in_pieces(encode, self.micro_batch, *p) for p in places]
            return torch.stack(passes, dim=1)
        items = self.micro_batch and self.micro_batch * size[1]
        flat = (tensor.flatten(0, 1) for tensor in tensors)
        return self._in_pieces(encode, items, *flat).unflatten(0, size)

    def _joined(self, inputs: dict) -> Tensor:
        """Embeddings of texts that are encoded in rows."""
        encoder, rows = self.text_backbone, inputs['text_rows']
        if not hasattr(encoder, 'encode_rows'):
            raise ValueError(
                f'{type(encoder).__name__} encodes each text by itself; leave '
                'join_texts out of collate_fn'
            )
        ids, mask = inputs['input_ids'], inputs['attention_mask']
        lead, (ids, mask) = ids.shape[:-1], (x.flatten(0, -2) for x in (ids, mask))
        number = self.micro_batch and -(-len(rows) * self.micro_batch // lead[0])
        hidden = self._in_pieces(
            encoder.encode_rows, number, *tokens_of_rows(ids, rows)
        )
        feature = encoder.pool(padded_texts(hidden, rows, len(ids)), mask)
        return unit(self.text_projection(feature)).unflatten(0, lead)

    def _in_pieces(self, encode: Callable, items: int | None, *tensors: Tensor):
        """Encode ``items`` items at once, keeping nothing but their embeddings."""
        if items is None or not torch.is_grad_enabled():
            return encode(*tensors)
        pieces = zip(*(tensor.split(items) for tensor in tensors), strict=True)
        return torch.cat([recomputed(encode, *p, modules=self) for p in pieces])


def unit(embeds: Tensor) -> Tensor:
    """Rows scaled to length 1, in float32 also under autocast."""
    return F.normalize(embeds.float(), dim=-1)


def studies_of(embeds: Tensor) -> Tensor:
    """(B, D) as studies of one item, (B, 1, D)."""
    return embeds.unsqueeze(1) if embeds.dim() == 2 else embeds
