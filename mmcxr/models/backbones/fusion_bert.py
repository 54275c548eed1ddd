"""BERT whose later layers also attend to tokens of another modality.

ALBEF (https://arxiv.org/abs/2107.07651), Medical X-VL (https://arxiv.org/abs/2208.05140).

Shapes: N texts or films, L tokens, S tokens of the other modality, C channels, D of
the other modality.
"""

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmcxr.registry import MODELS


@MODELS.register_module()
class FusionBert(BaseModule):
    """Text encoder, fusion encoder and language model in one stack of layers.

    The layers before ``fusion_layer`` encode texts (:meth:`encode_tokens`). Those from
    it on have cross-attention between self-attention and MLP, and fuse tokens of
    either modality with those of the other by the same weights (:meth:`fuse`). Called,
    all layers are a causal language model; the same weights may serve both ways. The
    transformers model sits at ``.lm``, so parameters are called ``lm.bert...`` and
    ``lm.cls...``; words are embedded and predicted by one matrix.

    Args:
        config: values of a ``BertConfig``; Medical X-VL of 2022: 12 layers of width
            384, 12 heads, MLP 3072.
        fusion_layer: the first layer with cross-attention, counted from 0. Medical X-VL
            of 2022: 6. With 0 all layers have it: a fusion encoder behind a text
            encoder of its own (2023, 4 layers), or a decoder (VQA, 6 layers).
        other_channels: D; C unless given. Fusion in both directions needs D = C.
        init_cfg: initialiser of mmengine.

    Raises:
        ValueError: there is no layer ``fusion_layer``.
    """

    def __init__(
        self,
        config: dict,
        fusion_layer: int,
        other_channels: int | None = None,
        init_cfg: dict | list[dict] | None = None,
    ):
        super().__init__(init_cfg)
        from transformers import BertConfig, BertLMHeadModel

        decoder = dict(is_decoder=True, add_cross_attention=True)
        values = BertConfig(**config, **decoder, attn_implementation='sdpa')
        if not 0 <= fusion_layer < values.num_hidden_layers:
            raise ValueError(
                f'fusion_layer is {fusion_layer}; this BERT has layers 0 to '
                f'{values.num_hidden_layers - 1}'
            )
        self.fusion_layer = fusion_layer
        self.lm = BertLMHeadModel(values)
        self.lm.is_init = True  # mmengine would draw its weights a second time
        for layer in self.layers[:fusion_layer]:
            del layer.crossattention
            layer.is_decoder = False  # transformers then asks for no cross-attention
        if other_channels is not None:
            for layer in self.layers[fusion_layer:]:
                for name in ('key', 'value'):
                    linear = nn.Linear(other_channels, values.hidden_size)
                    nn.init.normal_(linear.weight, std=values.initializer_range)
                    nn.init.zeros_(linear.bias)
                    setattr(layer.crossattention.self, name, linear)

    @property
    def layers(self) -> nn.ModuleList:
        """All layers, those of the text encoder first."""
        return self.lm.bert.encoder.layer

    @property
    def out_channels(self) -> int:
        """C."""
        return self.lm.config.hidden_size

    def encode_tokens(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Vectors of texts by themselves, (N, L, C), of the last layer before fusion.

        Args:
            input_ids: (N, L) int64, padded on the right.
            attention_mask: (N, L), 1 for tokens, 0 for padding.
        """
        hidden = self.lm.bert.embeddings(input_ids)
        own = attended(attention_mask, hidden)
        for layer in self.layers[: self.fusion_layer]:
            hidden = _first(layer(hidden, attention_mask=own))
        return hidden

    def fuse(
        self,
        tokens: Tensor,
        others: Tensor,
        attention_mask: Tensor | None = None,
        other_mask: Tensor | None = None,
    ) -> Tensor:
        """Vectors of tokens that have seen the other modality, (N, L, C).

        Args:
            tokens: (N, L, C) as they enter layer ``fusion_layer``: encoded texts, or
                those of films.
            others: (N, S, D) of the other modality.
            attention_mask: (N, L), 0 for padding; None where there is none.
            other_mask: (N, S), likewise.
        """
        seen = dict(
            attention_mask=attended(attention_mask, tokens),
            encoder_hidden_states=others,
            encoder_attention_mask=attended(other_mask, others),
        )
        for layer in self.layers[self.fusion_layer :]:
            tokens = _first(layer(tokens, **seen))
        return tokens

    def predict(self, hidden: Tensor) -> Tensor:
        """Scores of all words before the softmax, (..., C) to (..., vocabulary)."""
        return self.lm.cls(hidden)

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor,
        others: Tensor,
        other_mask: Tensor | None = None,
    ) -> Tensor:
        """Scores of the next word at each place, which sees those up to it.

        Arguments as in :meth:`encode_tokens` and :meth:`fuse`.

        Returns:
            (N, L, vocabulary), before the softmax.
        """
        return self.lm(
            input_ids=input_ids,
            attention_mask=attention_mask,
            encoder_hidden_states=others,
            encoder_attention_mask=other_mask,
            use_cache=False,
        ).logits


def attended(mask: Tensor | None, tokens: Tensor) -> Tensor:
    """Which tokens (N, L, C) are attended to, for all heads and queries.

    Never None, which layers of a decoder take for causal.
    """
    if mask is None:
        mask = torch.ones(tokens.shape[:2], device=tokens.device)
    return mask.bool()[:, None, None]


def _first(output: Tensor | tuple) -> Tensor:
    """What a layer gives: a tensor, within a tuple in transformers 4."""
    return output[0] if isinstance(output, tuple) else output
