"""Autoregressive transformer decoder of reports (VirTex, arXiv 2006.06666).

Shapes: B reports, L words, N tokens of the films, C channels of theirs, D channels
here.
"""

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn import functional as F

from mmcxr.registry import MODELS


@MODELS.register_module()
class ReportDecoder(BaseModule):
    """Post-norm decoder whose words are embedded and predicted by one matrix.

    Args:
        in_channels: C.
        embed_dims: D; REFERS 1024.
        num_layers: REFERS 1.
        num_heads: REFERS 16.
        feedforward_channels: REFERS 4096.
        vocab_size: words; REFERS 10000.
        max_length: positions; REFERS 100.
        padding_id: word that fills reports, 0.
        drop_rate: REFERS 0.1.
        init_cfg: initialiser of mmengine.
    """

    def __init__(
        self,
        in_channels: int,
        embed_dims: int = 1024,
        num_layers: int = 1,
        num_heads: int = 16,
        feedforward_channels: int = 4096,
        vocab_size: int = 10000,
        max_length: int = 100,
        padding_id: int = 0,
        drop_rate: float = 0.1,
        init_cfg: dict | list[dict] | None = None,
    ):
        super().__init__(init_cfg)
        self.padding_id = padding_id
        self.visual_projection = nn.Linear(in_channels, embed_dims)
        self.words = nn.Embedding(vocab_size, embed_dims, padding_idx=padding_id)
        self.positions = nn.Embedding(max_length, embed_dims)
        self.layer_norm = nn.LayerNorm(embed_dims, eps=1e-8)
        self.dropout = nn.Dropout(drop_rate)
        self.layers = nn.ModuleList(
            nn.TransformerDecoderLayer(
                embed_dims,
                num_heads,
                feedforward_channels,
                drop_rate,
                activation='gelu',
                batch_first=True,
            )
            for _ in range(num_layers)
        )
        self.bias = nn.Parameter(torch.zeros(vocab_size))

    def embed(self, word_ids: Tensor) -> Tensor:
        """What enters the first layer, (B, L) to (B, L, D); padding is 0."""
        places = torch.arange(word_ids.shape[1], device=word_ids.device)
        embeds = self.words(word_ids) + self.positions(places)
        embeds = self.dropout(self.layer_norm(embeds))
        return embeds * (word_ids != self.padding_id).unsqueeze(-1)

    def forward(self, tokens: Tensor, word_ids: Tensor) -> Tensor:
        """Scores of the next word at each place, before the softmax.

        Args:
            tokens: (B, N, C), of the films.
            word_ids: (B, L) int64, padded on the right.

        Returns:
            (B, L, words).

        Raises:
            ValueError: the reports are longer than there are positions.
        """
        length, most = word_ids.shape[1], self.positions.num_embeddings
        if length > most:
            raise ValueError(
                f'reports of {length} words came, but the report decoder has {most} '
                'positions; set max_length of the tokens to that'
            )
        memory, hidden = self.visual_projection(tokens), self.embed(word_ids)
        padding = word_ids == self.padding_id
        later = torch.ones(length, length, dtype=torch.bool, device=word_ids.device)
        for layer in self.layers:
            hidden = layer(
                hidden,
                memory,
                tgt_mask=later.triu(1),
                tgt_key_padding_mask=padding,
            )
        return F.linear(hidden, self.words.weight, self.bias)
