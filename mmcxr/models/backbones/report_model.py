"""BERT that predicts the masked words of a report from a film (MRM, arXiv 2301.13155).

Shapes: B pairs, L tokens, C channels, T tokens that are asked for.
"""

from mmengine.model import BaseModule, XavierInit
from torch import Tensor, nn

from mmcxr.registry import MODELS


@MODELS.register_module()
class ReportModel(BaseModule):
    """Masked language model that knows the film by one vector.

    The vector is added to every token, padding included, after the normalisation
    and dropout of the embeddings. Words are embedded and predicted by separate
    matrices.

    Args:
        config: values of a ``BertConfig``; MRM: vocabulary 30000, width 384, 6 layers,
            6 heads, MLP 1536, 100 positions.
        init_cfg: initialiser of mmengine.
    """

    def __init__(self, config: dict, init_cfg: dict | list[dict] | None = None):
        super().__init__(init_cfg)
        from transformers import BertConfig, BertModel
        from transformers.models.bert.modeling_bert import BertPredictionHeadTransform

        values = BertConfig(**config, attn_implementation='sdpa')
        self.bert = BertModel(values, add_pooling_layer=False)
        self.bert.is_init = True  # mmengine would draw its weights a second time
        self.transform = BertPredictionHeadTransform(values)
        self.decoder = nn.Linear(values.hidden_size, values.vocab_size)

    @property
    def embed_dims(self) -> int:
        """C."""
        return self.bert.config.hidden_size

    def init_weights(self) -> None:
        """Draw linear layers as the image side does, unless ``init_cfg`` reads them."""
        super().init_weights()
        if isinstance(self.init_cfg, dict) and self.init_cfg['type'] == 'Pretrained':
            return
        XavierInit(distribution='uniform', layer='Linear')(self)

    def embed(self, input_ids: Tensor, condition: Tensor) -> Tensor:
        """What enters the first layer, (B, L, C).

        Args:
            input_ids: (B, L) int64.
            condition: (B, C), the film.
        """
        return self.bert.embeddings(input_ids) + condition.unsqueeze(1)

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, condition: Tensor
    ) -> Tensor:
        """Vectors of the last layer, (B, L, C).

        Args:
            input_ids: (B, L) int64, some of them masked.
            attention_mask: (B, L), 1 for tokens, 0 for padding.
            condition: (B, C), the film.

        Raises:
            ValueError: the reports are longer than the model has positions.
        """
        positions = self.bert.config.max_position_embeddings
        if input_ids.shape[1] > positions:
            raise ValueError(
                f'reports of {input_ids.shape[1]} tokens came, but the report model '
                f'has {positions} positions; set max_length of the tokens to that'
            )
        # True where attended, for all heads and queries: what the attention function
        # takes as it is, in transformers 4 and 5 alike.
        attended = attention_mask.bool()[:, None, None]
        hidden = self.embed(input_ids, condition)
        return self.bert.encoder(hidden, attention_mask=attended).last_hidden_state

    def predict(self, hidden: Tensor) -> Tensor:
        """Scores of all words before the softmax, (T, C) to (T, vocabulary)."""
        return self.decoder(self.transform(hidden))
