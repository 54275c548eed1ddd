"""GLoRIA: films and reports, regions and words (Huang et al., ICCV 2021).

https://github.com/marshuang80/gloria. Its losses are in
:mod:`mmcxr.models.losses.gloria`.

Shapes: B films, h x w regions, N texts, L tokens, V words of the vocabulary, C
channels of the image encoder, D of the shared space.
"""

from collections.abc import Callable
from functools import cached_property

import torch
from mmengine.model import BaseModel
from mmengine.structures import BaseDataElement
from torch import Tensor, nn
from torch.nn import functional as F

from mmcxr.registry import MODELS, TOKENIZERS

from .dual_encoder import unit
from .predictions import fill_samples


@MODELS.register_module()
class GLoRIA(BaseModel):
    """A ResNet seen as a whole and by regions, a BERT by sentences and by words.

    Args:
        image_backbone: returns the grids of regions and of the whole, in this order:
            ``mmpretrain.ResNet`` with ``out_indices=(2, 3)``, or ``(3, )`` without
            regions.
        text_backbone: a :class:`BertEncoder`; its channels are D.
        image_channels: C, 2048 of a ResNet-50.
        region_channels: channels of the grid of regions, 1024 of a ResNet-50; None
            for a global path only, as in the published ResNet-18.
        embed_dims: D; published 768.
        encoder_size: films are resized to this many pixels, whatever they have
            (bilinear, corners aligned).
        num_layers: last layers of the text encoder that are summed; published 4.
        max_words: a sentence is the sum of its tokens over this number, not over
            their number: empty places count in the released code. Cosines do not see
            it.
        tokenizer: config of the tokenizer the text encoder goes with, of the WordPiece
            kind: which pieces make a word follows from its vocabulary.
        prompt_head: config of a :class:`GLoRIAPromptHead` for zero-shot ``scores``.
        data_preprocessor: see :class:`FilmPreprocessor`; published mean and deviation
            are 0.5.
        init_cfg: initialiser of mmengine.
    """

    def __init__(
        self,
        image_backbone: dict,
        text_backbone: dict,
        image_channels: int = 2048,
        region_channels: int | None = 1024,
        embed_dims: int = 768,
        encoder_size: int = 299,
        num_layers: int = 4,
        max_words: int = 97,
        tokenizer: dict | None = None,
        prompt_head: dict | None = None,
        data_preprocessor: dict | nn.Module | None = None,
        init_cfg: dict | list[dict] | None = None,
    ):
        if isinstance(data_preprocessor, dict):
            data_preprocessor = MODELS.build(data_preprocessor)
        super().__init__(data_preprocessor, init_cfg)
        self.image_backbone = MODELS.build(image_backbone)
        self.text_backbone = MODELS.build(text_backbone)
        self.image_projection = nn.Linear(image_channels, embed_dims)
        self.region_projection = None
        if region_channels is not None:
            self.region_projection = nn.Conv2d(
                region_channels, embed_dims, 1, bias=False
            )
        self.encoder_size = encoder_size
        self.num_layers = num_layers
        self.max_words = max_words
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
                'this GLoRIA knows no tokenizer, and without one not which pieces make '
                "a word; model=dict(tokenizer=dict(type='GLoRIATokenizer', name=...))"
            )
        return TOKENIZERS.build(self.tokenizer_config)

    @cached_property
    def _is_piece(self) -> Tensor:
        """(V,) bool: which ids continue a word."""
        return torch.from_numpy(self.tokenizer.is_piece())

    def scale(self) -> Tensor:
        """Factor on similarities in training, tau 3 of the paper; it is not learned."""
        return torch.tensor(10.0)

    def zero_shot_head(self) -> dict:
        """Config of the head that scores prompts as this model's authors do."""
        similarity = 'global' if self.region_projection is None else 'both'
        return dict(type='mmcxr.GLoRIAPromptHead', similarity=similarity)

    def score_prompts(self, images: Tensor, head: nn.Module) -> Tensor:
        """Scores of films (B, 3, H, W) by a head of that kind, (B, classes)."""
        pooled, regions = self.encode_film(images)
        films = unit(self.image_projection(pooled)), regions
        return head.predict(films, self.encode_words)

    def extract_feat(self, images: Tensor) -> Tensor:
        """Pooled features before projection, (B, 3, H, W) to (B, C)."""
        return self._grids(images)[-1].mean(dim=(2, 3))

    def encode_image(self, images: Tensor) -> Tensor:
        """L2-normalised embeddings, (B, 3, H, W) to (B, D) float32."""
        return unit(self.image_projection(self.extract_feat(images)))

    def encode_film(self, images: Tensor) -> tuple[Tensor, Tensor | None]:
        """Pooled features (B, C), and embeddings of regions (B, D, h, w) or None.

        Neither is normalised.
        """
        grids = self._grids(images)
        pooled = grids[-1].mean(dim=(2, 3))
        if self.region_projection is None:
            return pooled, None
        return pooled, self.region_projection(grids[-2])

    def encode_text(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """L2-normalised embeddings of sentences, (N, L) twice to (N, D) float32."""
        tokens = self._tokens(input_ids, attention_mask)
        return unit(tokens.sum(dim=1))

    def encode_words(
        self, input_ids: Tensor, attention_mask: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Embeddings of sentences and of words, not normalised.

        Args:
            input_ids: (N, L) int64, from [CLS] to [SEP], padded on the right.
            attention_mask: (N, L), 1 for tokens, 0 for padding.

        Returns:
            Sentences (N, D). Words (N, D, L), each the sum of its pieces: [CLS], the
            words, [SEP], and zeros for the rest. Numbers of words (N,), without those
            two.
        """
        tokens = self._tokens(input_ids, attention_mask)  # (N, L, D)
        starts = ~self._is_piece.to(input_ids.device)[input_ids]
        starts[:, 0] = True
        # Padding adds nothing, so it may fall on any column.
        columns = (starts & (attention_mask > 0)).cumsum(dim=1) - 1  # (N, L)
        words = torch.zeros_like(tokens).scatter_add_(
            1, columns.unsqueeze(-1).expand_as(tokens), tokens
        )
        sentences = tokens.sum(dim=1) / self.max_words
        return sentences, words.transpose(1, 2), columns[:, -1] - 1

    def forward(
        self,
        inputs: dict,
        data_samples: list[BaseDataElement] | None = None,
        mode: str = 'tensor',
    ):
        """Run on a prepared batch.

        Args:
            inputs: ``image`` float (B, 3, H, W); ``input_ids`` and ``attention_mask``
                int64 (N, L). Either may be missing.
            data_samples: one per film; filled in mode ``'predict'``.
            mode: ``'tensor'`` or ``'predict'``.

        Returns:
            - ``'tensor'``: L2-normalised embeddings of films (B, D) and of texts
              (N, D); None for what is missing.
            - ``'predict'``: the data samples with ``image_embeds`` (D,),
              ``text_embeds`` (D,) and with a prompt head ``scores``, whose class names
              are ``score_classes``, on the CPU.
        """
        if mode not in ('tensor', 'predict'):
            raise ValueError(f'mode is {mode!r}; it must be tensor or predict')
        fields = dict.fromkeys(('image_embeds', 'text_embeds'))
        if 'image' in inputs:
            pooled, regions = self.encode_film(inputs['image'])
            fields['image_embeds'] = unit(self.image_projection(pooled))
        if 'input_ids' in inputs:
            tokens = inputs['input_ids'], inputs['attention_mask']
            fields['text_embeds'] = self.encode_text(*tokens)
        if mode == 'tensor':
            return fields['image_embeds'], fields['text_embeds']
        facts = {}
        if self.prompt_head is not None and 'image' in inputs:
            films = fields['image_embeds'], regions
            fields['scores'] = self.prompt_head.predict(films, self.encode_words)
            facts['score_classes'] = self.prompt_head.classes
        return fill_samples(data_samples, fields, **facts)

    def _grids(self, images: Tensor) -> tuple[Tensor, ...]:
        size = (self.encoder_size, self.encoder_size)
        images = F.interpolate(images, size, mode='bilinear', align_corners=True)
        return self.image_backbone(images)

    def _tokens(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Sums of the last layers, (N, L, D) float32, 0 where there is padding."""
        layers = self.text_backbone.encode_layers(
            input_ids, attention_mask, self.num_layers
        )
        return layers.float().sum(dim=0) * attention_mask.unsqueeze(-1)
