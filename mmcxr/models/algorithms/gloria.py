"""GLoRIA: films and reports, regions and words (Huang et al., ICCV 2021).

https://github.com/marshuang80/gloria. Its losses are in
:mod:`mmcxr.models.losses.gloria`.

Shapes: B films, h x w regions, N texts, L tokens, V words of the vocabulary, C
channels of the image encoder, D of the shared space.
"""

from functools import cached_property

import torch
from mmengine.structures import BaseDataElement
from torch import Tensor, nn
from torch.nn import functional as F

from mmcxr.registry import MODELS

from .dual_encoder import DualEncoder, unit
from .predictions import fill_samples


@MODELS.register_module()
class GLoRIA(DualEncoder):
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
        tokenizer: see :class:`DualEncoder`; of the WordPiece kind, for which pieces
            make a word follows from its vocabulary.
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
        super().__init__(
            image_backbone,
            text_backbone,
            dict(
                type='mmcxr.LinearProjection',
                in_channels=image_channels,
                out_channels=embed_dims,
            ),
            dict(
                type='mmcxr.NoProjection',
                in_channels=embed_dims,
                out_channels=embed_dims,
            ),
            tokenizer=tokenizer,
            prompt_head=prompt_head,
            data_preprocessor=data_preprocessor,
            init_cfg=init_cfg,
        )
        self.region_projection = None
        if region_channels is not None:
            self.region_projection = nn.Conv2d(
                region_channels, embed_dims, 1, bias=False
            )
        self.encoder_size = encoder_size
        self.num_layers = num_layers
        self.max_words = max_words

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

    def image_maps(self, images: Tensor) -> tuple[Tensor, ...]:
        """Grids of regions and of the whole, of films that are resized first."""
        size = (self.encoder_size, self.encoder_size)
        images = F.interpolate(images, size, mode='bilinear', align_corners=True)
        return self.image_backbone(images)

    def encode_film(self, images: Tensor) -> tuple[Tensor, Tensor | None]:
        """Pooled features (B, C), and embeddings of regions (B, D, h, w) or None.

        Neither is normalised.
        """
        grids = self.image_maps(images)
        pooled = grids[-1].mean(dim=(2, 3))
        if self.region_projection is None:
            return pooled, None
        return pooled, self.region_projection(grids[-2])

    def encode_text(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """L2-normalised embeddings of sentences, (N, L) twice to (N, D) float32."""
        tokens = self._tokens(input_ids, attention_mask)
        return unit(tokens.sum(dim=1))

    def embed_texts(self, inputs: dict) -> Tensor:
        """Embeddings of texts; each is encoded by itself, ``text_rows`` or not."""
        names = 'input_ids', 'attention_mask'
        return super().embed_texts({name: inputs[name] for name in names})

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

    def patch_similarity(self, images: Tensor, text_embeds: Tensor) -> Tensor:
        """Cosine of each region with each text; see :class:`DualEncoder`."""
        if self.region_projection is None:
            return super().patch_similarity(images, text_embeds)
        regions = F.normalize(self.encode_film(images)[1].float(), dim=1)
        return torch.einsum('bdhw,td->bthw', regions, text_embeds.to(regions))

    def forward(
        self,
        inputs: dict,
        data_samples: list[BaseDataElement] | None = None,
        mode: str = 'tensor',
    ):
        """Run on a prepared batch; see :class:`DualEncoder`. It is not trained here.

        Args:
            inputs: ``image`` float (B, 3, H, W); ``input_ids`` and ``attention_mask``
                int64 (N, L). Either may be missing.
            data_samples: one per film; filled in mode ``'predict'``.
            mode: ``'tensor'`` or ``'predict'``.
        """
        if mode == 'loss':
            raise ValueError("mode is 'loss'; of GLoRIA it must be tensor or predict")
        return super().forward(inputs, data_samples, mode)

    def predict(
        self, inputs: dict, data_samples: list[BaseDataElement] | None = None
    ) -> list[BaseDataElement]:
        """Fill data samples: ``image_embeds`` (D,), ``text_embeds`` (D,), ``scores``.

        Scores need a prompt head, whose class names are ``score_classes``.
        """
        fields, facts = {}, {}
        if 'image' in inputs:
            pooled, regions = self.encode_film(inputs['image'])
            fields['image_embeds'] = unit(self.image_projection(pooled))
            if self.prompt_head is not None:
                films = fields['image_embeds'], regions
                fields['scores'] = self.prompt_head.predict(films, self.encode_words)
                facts['score_classes'] = self.prompt_head.classes
        if 'input_ids' in inputs:
            tokens = inputs['input_ids'], inputs['attention_mask']
            fields['text_embeds'] = self.encode_text(*tokens)
        return fill_samples(data_samples, fields, **facts)

    def _tokens(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Sums of the last layers, (N, L, D) float32, 0 where there is padding."""
        layers = self.text_backbone.encode_layers(
            input_ids, attention_mask, self.num_layers
        )
        return layers.float().sum(dim=0) * attention_mask.unsqueeze(-1)
