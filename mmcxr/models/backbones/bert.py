"""BERT text encoder (https://arxiv.org/abs/1810.04805), by way of transformers.

Shapes: N texts, L tokens, C channels.
"""

import torch
from mmengine.model import BaseModule
from torch import Tensor

from mmcxr.registry import MODELS

POOLINGS = ('eos', 'bos', 'mean', 'max', 'pooler')


@MODELS.register_module()
class BertEncoder(BaseModule):
    """BERT without its heads, and one vector per text.

    The transformers model sits at ``.bert``, so parameters are called
    ``bert.embeddings...`` and ``bert.encoder...``.

    Args:
        config: a hub name, a local folder holding ``config.json``, or the values
            of a ``BertConfig`` (then nothing is read from disk or network).
        pretrained: read the weights of that hub name or folder. Without it the
            weights are random.
        pooling: which vector stands for the text: ``'eos'``, that of the last
            attended token (the final [SEP]; texts are padded on the right);
            ``'bos'``, that of the first ([CLS]); ``'mean'`` or ``'max'`` over attended
            tokens; ``'pooler'``, that of the first through BERT's own pooler, which
            the encoder has for this alone.
        gradient_checkpointing: recompute each layer in the backward pass, which
            saves memory and costs a third more time.
        frozen_layers: the embeddings and so many first layers take no gradient
            (ConVIRT: 6); None trains all.
        init_cfg: initialiser of mmengine, for example ``Pretrained`` with
            ``prefix='text_backbone.'``.

    Raises:
        ValueError: unknown pooling, weights asked of a bare config, or a weight
            file that leaves parameters unset.
        OSError: the hub name or folder cannot be read.
    """

    def __init__(
        self,
        config: str | dict,
        pretrained: bool = False,
        pooling: str = 'eos',
        gradient_checkpointing: bool = False,
        frozen_layers: int | None = None,
        init_cfg: dict | list[dict] | None = None,
    ):
        super().__init__(init_cfg)
        if pooling not in POOLINGS:
            raise ValueError(f'pooling is {pooling!r}; it must be one of {POOLINGS}')
        self.pooling = pooling
        make = _pretrained if pretrained else _random
        self.bert = make(config, pooling == 'pooler')
        # mmengine calls init_weights of every child, which here would draw the
        # weights anew after they were read; they are ready as they are.
        self.bert.is_init = True
        if frozen_layers is not None:
            number = self.bert.config.num_hidden_layers
            if not 0 <= frozen_layers <= number:
                raise ValueError(
                    f'frozen_layers is {frozen_layers}; this BERT has {number} layers'
                )
            self.bert.embeddings.requires_grad_(False)
            self.bert.encoder.layer[:frozen_layers].requires_grad_(False)
        if gradient_checkpointing:
            self.bert.gradient_checkpointing_enable(
                gradient_checkpointing_kwargs=dict(use_reentrant=False)
            )

    @property
    def out_channels(self) -> int:
        """Channels of the pooled vector."""
        return self.bert.config.hidden_size

    def encode_tokens(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Vectors of the last layer, (N, L, C).

        Args:
            input_ids: (N, L) int64, padded on the right.
            attention_mask: (N, L), 1 for tokens, 0 for padding.
        """
        # True where attended, for all heads and queries: what the attention function
        # takes as it is. Given the mask of two dimensions, transformers would ask the
        # device whether anything is padded, and wait.
        attended = attention_mask.bool()[:, None, None]
        hidden = self.bert.embeddings(input_ids)
        return self.bert.encoder(hidden, attention_mask=attended).last_hidden_state

    def encode_rows(
        self, input_ids: Tensor, positions: Tensor, texts: Tensor
    ) -> Tensor:
        """Vectors of the last layer of texts joined into rows, (R, L, C).

        Each token sees those of its own text. Arguments: (R, L) int64 each, see
        :func:`~mmcxr.models.backbones.text_rows.tokens_of_rows`.
        """
        attended = texts[:, None, :, None] == texts[:, None, None, :]
        hidden = self.bert.embeddings(input_ids, position_ids=positions)
        return self.bert.encoder(hidden, attention_mask=attended).last_hidden_state

    def encode_layers(
        self, input_ids: Tensor, attention_mask: Tensor, number: int
    ) -> Tensor:
        """Vectors of the last layers, (number, N, L, C), the very last one last.

        Arguments as in :meth:`encode_tokens`.
        """
        outputs = self.bert(
            input_ids=input_ids,
            attention_mask=attention_mask,
            output_hidden_states=True,
        )
        return torch.stack(outputs.hidden_states[-number:])

    def pool(self, hidden: Tensor, attention_mask: Tensor) -> Tensor:
        """Vectors of tokens (N, L, C) to one per text (N, C)."""
        if self.pooling == 'pooler':
            return self.bert.pooler(hidden)
        return pool_tokens(hidden, attention_mask, self.pooling)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """One vector per text, (N, C); arguments as in :meth:`encode_tokens`."""
        hidden = self.encode_tokens(input_ids, attention_mask)
        return self.pool(hidden, attention_mask)


def pool_tokens(hidden: Tensor, attention_mask: Tensor, pooling: str) -> Tensor:
    """Vectors of tokens (N, L, C) to one per text (N, C)."""
    if pooling == 'bos':
        return hidden[:, 0]
    if pooling == 'eos':
        last = (attention_mask.sum(dim=1) - 1).clamp(min=0)
        return hidden[torch.arange(len(hidden), device=hidden.device), last]
    if pooling == 'max':
        attended = attention_mask.unsqueeze(-1) != 0
        largest = hidden.masked_fill(~attended, float('-inf')).amax(dim=1)
        return torch.where(attended.any(dim=1), largest, 0.0)  # 0 of an empty text
    mask = attention_mask.unsqueeze(-1).to(hidden.dtype)
    return (hidden * mask).sum(dim=1) / mask.sum(dim=1).clamp(min=1e-9)


def _random(config: str | dict, pooler: bool):
    """A BertModel with random weights."""
    from transformers import BertConfig, BertModel

    attention = dict(attn_implementation='sdpa')
    if not isinstance(config, str):
        return BertModel(BertConfig(**config, **attention), add_pooling_layer=pooler)
    try:
        values = BertConfig.from_pretrained(config, **attention)
    except OSError as error:
        raise OSError(_unreachable(config)) from error
    return BertModel(values, add_pooling_layer=pooler)


def _pretrained(name: str | dict, pooler: bool):
    """A BertModel with the weights of a hub name or local folder."""
    from transformers import BertModel

    if not isinstance(name, str):
        raise ValueError(
            'pretrained=True needs a hub name or a local folder as config; '
            'the values of a BertConfig come without weights'
        )
    try:
        model, info = BertModel.from_pretrained(
            name,
            add_pooling_layer=pooler,
            attn_implementation='sdpa',
            output_loading_info=True,
        )
    except OSError as error:
        raise OSError(_unreachable(name)) from error
    if info['missing_keys']:
        raise ValueError(
            f'the weights of {name} leave {len(info["missing_keys"])} parameters '
            f'unset, {sorted(info["missing_keys"])[0]} among them: not a BERT file?'
        )
    return model


def _unreachable(name: str) -> str:
    return (
        f'text encoder {name!r} is neither a readable local folder nor reachable on '
        'the hub; download it once and give the folder (config.json and weights)'
    )
