"""GLoRIA: films and reports, regions and words (Huang et al., ICCV 2021).

https://github.com/marshuang80/gloria. Its losses are in
:mod:`mmcxr.models.losses.gloria`.

Shapes: B films, h x w regions, N texts, L tokens, V words of the vocabulary, C
channels of the image encoder, D of the shared space.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

import torch
from mmengine.structures import BaseDataElement
from torch import Tensor, nn
from torch.nn import functional as F

from mmcxr.models.losses.gloria import gloria_losses
from mmcxr.registry import MODELS

from .dual_encoder import DualEncoder, one_of_each, unit
from .method import Encoded, EncoderSpec

ENCODER_SIZE = 299  # pixels; published


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
        loss_scales: factors on the dot products of regions and words (tau 1), on the
            cosines of words (tau 2) and on similarities (tau 3); published 4, 5, 10.
        loss_weights: of the local and of the global loss; published 1, 1.
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

    piecewise = ('encode_film', 'encode_words')

    def __init__(
        self,
        image_backbone: dict,
        text_backbone: dict,
        image_channels: int = 2048,
        region_channels: int | None = 1024,
        embed_dims: int = 768,
        encoder_size: int = ENCODER_SIZE,
        num_layers: int = 4,
        max_words: int = 97,
        loss_scales: Sequence[float] = (4.0, 5.0, 10.0),
        loss_weights: Sequence[float] = (1.0, 1.0),
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
        self.loss_scales, self.loss_weights = tuple(loss_scales), tuple(loss_weights)

    @cached_property
    def _is_piece(self) -> Tensor:
        """(V,) bool: which ids continue a word."""
        return torch.from_numpy(self.tokenizer.is_piece())

    def scale(self) -> Tensor:
        """Factor on similarities in training, tau 3 of the paper; it is not learned."""
        return torch.tensor(float(self.loss_scales[2]))

    @classmethod
    def encoder_spec(cls, config: dict) -> EncoderSpec:
        """The ResNet's last grid, of films brought to the size that the model sees."""
        spec = super().encoder_spec(config)
        size = [config.get('encoder_size', ENCODER_SIZE)] * 2
        resize = dict(size=size, mode='bilinear', align_corners=True)
        return replace(
            spec,
            backbone=dict(spec.backbone, out_indices=(3,)),
            preprocessing=dict(spec.preprocessing, resize=resize),
        )

    def zero_shot_head(self) -> dict:
        """Config of the head that scores prompts as this model's authors do."""
        similarity = 'global' if self.region_projection is None else 'both'
        return dict(type='mmcxr.GLoRIAPromptHead', similarity=similarity)

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

    def encode(self, inputs: dict) -> Encoded:
        """Whole films and sentences, regions and words.

        Args:
            inputs: ``image`` float (B, 3, H, W) or (B, 1, 3, H, W); ``input_ids`` and
                ``attention_mask`` int64 (N, L) or (N, 1, L). Either may be missing.

        Returns:
            ``image_embeds`` (B, D) and ``text_embeds`` (N, D), L2-normalised;
            ``image_tokens``, regions (B, D, h, w) or None, and ``text_tokens``, words
            (N, D, L), both not normalised; ``masks`` (N, L) bool, the columns of words
            that count: [CLS] and the words, not [SEP].
        """
        encoded = Encoded()
        if 'image' in inputs:
            images = one_of_each(inputs['image'], 4, 'film')
            pooled, encoded.image_tokens = self.encode_film(images)
            encoded.image_embeds = unit(self.image_projection(pooled))
        if 'input_ids' in inputs:
            tokens = inputs['input_ids'], inputs['attention_mask']
            sentences, words, numbers = self.encode_words(
                *(one_of_each(tensor, 2, 'text') for tensor in tokens)
            )
            encoded.text_embeds, encoded.text_tokens = unit(sentences), words
            columns = torch.arange(words.shape[2], device=words.device)
            encoded.masks = columns <= numbers.unsqueeze(1)
        return encoded

    def loss(
        self,
        encoded: Encoded,
        inputs: dict,
        data_samples: list[BaseDataElement] | None = None,
    ) -> dict[str, Tensor]:
        """See :func:`gloria_losses`; a model without regions has the global loss alone.

        Half precision is too coarse for its temperatures: it is computed in float32.
        """
        with torch.autocast(encoded.image_embeds.device.type, enabled=False):
            return gloria_losses(
                encoded.image_embeds,
                encoded.text_embeds,
                None if encoded.image_tokens is None else encoded.image_tokens.float(),
                encoded.text_tokens.float(),
                encoded.masks.sum(dim=1),
                *self.loss_scales,
                *self.loss_weights,
            )

    def prompt_scores(self, encoded: Encoded, head: nn.Module) -> Tensor:
        """Scores (B, classes) of films that were encoded."""
        films = encoded.image_embeds, encoded.image_tokens
        return head.predict(films, self.encode_words)

    def patch_similarity(self, images: Tensor, text_embeds: Tensor) -> Tensor:
        """Cosine of each region with each text; see :class:`DualEncoder`."""
        if self.region_projection is None:
            return super().patch_similarity(images, text_embeds)
        regions = F.normalize(self.encode_film(images)[1].float(), dim=1)
        return torch.einsum('bdhw,td->bthw', regions, text_embeds.to(regions))

    def _tokens(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Sums of the last layers, (N, L, D) float32, 0 where there is padding."""
        layers = self.text_backbone.encode_layers(
            input_ids, attention_mask, self.num_layers
        )
        return layers.float().sum(dim=0) * attention_mask.unsqueeze(-1)
