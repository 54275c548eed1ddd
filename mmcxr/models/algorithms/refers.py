"""REFERS: pre-training on studies of three films by generating and matching reports.

https://arxiv.org/abs/2111.03452. Where the released code departs from what its text
intends, the default here is the intended behaviour and an option restores the released
one.

Shapes: B studies, V views, N patches of a film, L tokens, C channels of the encoder,
D = V C channels of the shared space.
"""

from dataclasses import replace

import torch
from mmengine.structures import BaseDataElement
from torch import Tensor, nn

from mmcxr.models.losses.contrastive import weighted_clip_loss
from mmcxr.models.losses.tokens import mean_of_all_ranks, token_errors
from mmcxr.registry import MODELS

from .dual_encoder import DualEncoder, one_of_each, unit
from .method import Encoded, EncoderSpec


@MODELS.register_module()
class REFERS(DualEncoder):
    """One vision transformer for all views; a gate, a text encoder and a decoder.

    A study is embedded by the class tokens of its views, one after another. A single
    film stands for all views, as in the authors' data, which draw three films of a
    study with replacement.

    Args:
        image_backbone: a vision transformer with ``out_type='raw'``.
        text_backbone: see :class:`BertEncoder`; published Bio_ClinicalBERT with
            ``pooling='pooler'``.
        view_fusion: a :class:`ViewFusion`.
        report_decoder: a :class:`ReportDecoder`.
        image_channels: C.
        text_channels: channels of the text encoder.
        num_views: V; published 3.
        temperature: of the matching; published 0.1.
        image_weight: of image-to-text, the other has the rest to 1; published 0.75.
        detach_text: text-to-image gives no gradient, as released.
        tokenizer: see :class:`DualEncoder`.
        prompt_head: see :class:`DualEncoder`.
        data_preprocessor: see :class:`FilmPreprocessor`.
        init_cfg: initialiser of mmengine.
    """

    piecewise = ('view_tokens', 'encode_texts', 'text_backbone.encode_rows')

    def __init__(
        self,
        image_backbone: dict,
        text_backbone: dict,
        view_fusion: dict,
        report_decoder: dict,
        image_channels: int = 768,
        text_channels: int = 768,
        num_views: int = 3,
        temperature: float = 0.1,
        image_weight: float = 0.75,
        detach_text: bool = False,
        tokenizer: dict | None = None,
        prompt_head: dict | None = None,
        data_preprocessor: dict | nn.Module | None = None,
        init_cfg: dict | list[dict] | None = None,
    ):
        if temperature <= 0:
            raise ValueError(f'temperature must be positive, not {temperature}')
        width = num_views * image_channels
        super().__init__(
            image_backbone,
            text_backbone,
            dict(type='mmcxr.NoProjection', in_channels=width, out_channels=width),
            dict(
                type='mmcxr.LinearProjection',
                in_channels=text_channels,
                out_channels=width,
            ),
            image_pooling='token0',
            tokenizer=tokenizer,
            prompt_head=prompt_head,
            data_preprocessor=data_preprocessor,
            init_cfg=init_cfg,
        )
        self.fusion = MODELS.build(view_fusion)
        self.report_decoder = MODELS.build(report_decoder)
        self.num_views = num_views
        self.temperature = temperature
        self.image_weight = image_weight
        self.detach_text = detach_text

    def scale(self) -> Tensor:
        """Factor on the cosines."""
        return torch.tensor(1 / self.temperature)

    @classmethod
    def encoder_spec(cls, config: dict) -> EncoderSpec:
        """The vision transformer by its class token after the last norm."""
        spec = super().encoder_spec(config)
        return replace(spec, backbone=dict(spec.backbone, out_type='cls_token'))

    def view_tokens(self, images: Tensor) -> Tensor:
        """Tokens of each view after the last norm, (B, V, 3, H, W) to (B, V, 1+N, C).

        Raises:
            ValueError: another number of views.
        """
        if images.shape[1] != self.num_views:
            raise ValueError(
                f'REFERS takes studies of {self.num_views} films, repeated where '
                f'there are fewer, but {images.shape[1]} came'
            )
        return self.image_backbone(images.flatten(0, 1))[-1].unflatten(
            0, images.shape[:2]
        )

    def encode_image(self, images: Tensor) -> Tensor:
        """L2-normalised embeddings of studies or of films.

        Args:
            images: (B, V, 3, H, W), or (B, 3, H, W), each film then standing for all
                views of its study.

        Returns:
            (B, D) float32.
        """
        if images.dim() == 4:
            return unit(self.extract_feat(images).repeat(1, self.num_views))
        return unit(self.view_tokens(images)[:, :, 0].flatten(1))

    def report_logits(self, tokens: Tensor, word_ids: Tensor) -> Tensor:
        """Scores of the next word at each place of the reports, (B, L, words).

        Args:
            tokens: (B, V, 1+N, C), see :meth:`view_tokens`.
            word_ids: (B, L) int64, padded on the right.
        """
        # The released code adds the class token of a film to each of its patches.
        patches = tokens[:, :, 1:] + tokens[:, :, :1]
        return self.report_decoder(self.fusion(patches), word_ids)

    def encode(self, inputs: dict) -> Encoded:
        """Embeddings of studies and texts, and the tokens of views.

        Args:
            inputs: see :class:`DualEncoder`; for ``loss`` ``image`` (B, V, 3, H, W),
                and ``input_ids`` and ``attention_mask`` (B, L) or (B, 1, L).

        Returns:
            ``image_embeds`` (B, D), ``text_embeds`` (B, D) or (B, 1, D), of studies of
            V films ``image_tokens``, see :meth:`view_tokens`.
        """
        texts = {name: value for name, value in inputs.items() if name != 'image'}
        encoded = super().encode(texts)
        images = inputs.get('image')
        if images is None:
            return encoded
        if images.dim() == 4:
            return replace(encoded, image_embeds=self.encode_image(images))
        tokens = self.view_tokens(images)
        embeds = unit(tokens[:, :, 0].flatten(1))
        return replace(encoded, image_embeds=embeds, image_tokens=tokens)

    def loss(
        self,
        encoded: Encoded,
        inputs: dict,
        data_samples: list[BaseDataElement] | None = None,
    ) -> dict[str, Tensor]:
        """Loss of writing the report and of matching it.

        Args:
            encoded: of studies of V films, with their texts.
            inputs: with ``word_ids`` (B, L'), the words that the decoder writes.
            data_samples: not needed.

        Returns:
            ``loss_report`` and ``loss_matching`` with the latter's parts ``i2t`` and
            ``t2i``.
        """
        scale = 1 / self.temperature
        parts = weighted_clip_loss(
            encoded.image_embeds,
            one_of_each(encoded.text_embeds, 2, 'text'),
            (scale, scale),
            self.image_weight,
            self.detach_text,
        )
        words = inputs['word_ids']
        logits = self.report_logits(encoded.image_tokens, words)[:, :-1]
        asked = words[:, 1:] != self.report_decoder.padding_id
        errors = token_errors(logits[asked], words[:, 1:][asked])
        return dict(
            loss_report=mean_of_all_ranks(errors.sum(), errors.numel()),
            loss_matching=parts.pop('loss'),
            **parts,
        )
