"""Texts written a token at a time, by way of transformers' ``generate``.

Shapes: N texts, L tokens that they begin with, T tokens that are written, S tokens of
the films that are seen, D channels of theirs.
"""

from dataclasses import dataclass
from inspect import signature
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from transformers import BertLMHeadModel


@dataclass(frozen=True)
class GenerationSettings:
    """How tokens are chosen: numbers alone, so that a protocol can name them.

    Args:
        max_tokens: most tokens that are written, the end among them; Medical X-VL 120.
        min_tokens: the end is not among the first so many.
        num_beams: with 1 the likeliest token is taken each time (greedy); with more so
            many texts are pursued side by side, and the best one is given.
        length_penalty: of beams: a text is as good as the sum of its log-probabilities
            over (its number of tokens) to this power. 0 compares the sums.
        repetition_penalty: the score of a token that came before is divided by this
            where it is positive, and multiplied elsewhere. Scores are logits, of beams
            log-probabilities.

    Raises:
        ValueError: a number out of its range.
    """

    max_tokens: int = 120
    min_tokens: int = 0
    num_beams: int = 1
    length_penalty: float = 1.0
    repetition_penalty: float = 1.0

    def __post_init__(self):
        checks = dict(
            max_tokens=(self.max_tokens >= 1, 'at least 1'),
            min_tokens=(0 <= self.min_tokens <= self.max_tokens, '0 to max_tokens'),
            num_beams=(self.num_beams >= 1, 'at least 1'),
            length_penalty=(
                self.num_beams > 1 or self.length_penalty == 1,
                '1 where num_beams is 1: it compares beams',
            ),
            repetition_penalty=(self.repetition_penalty > 0, 'positive'),
        )
        for name, (fits, wanted) in checks.items():
            if not fits:
                raise ValueError(
                    f'{name} is {getattr(self, name)}; it must be {wanted}'
                )


@torch.no_grad()
def generate_tokens(
    lm: 'BertLMHeadModel',
    input_ids: Tensor,
    attention_mask: Tensor,
    others: Tensor,
    settings: GenerationSettings,
    end_id: int,
    other_mask: Tensor | None = None,
) -> Tensor:
    """What ``lm`` writes after the given tokens; nothing is drawn at random.

    A text does not depend on the others of its batch, but for rounding. In bfloat16
    tokens of nearly equal scores may change places.

    Args:
        lm: in evaluation mode, with cross-attention (``FusionBert.lm``).
        input_ids: (N, L) int64, padded on either side.
        attention_mask: (N, L), 1 for tokens, 0 for padding.
        others: (N, S, D), what is seen.
        settings: how tokens are chosen.
        end_id: the token that ends a text.
        other_mask: (N, S), 0 for padding; None where there is none.

    Returns:
        (N, T) int64, T at most ``max_tokens``: new tokens alone, each text with its
        end unless it stopped at ``max_tokens``, then padding.

    Raises:
        ValueError: the texts could become longer than the model has positions.
    """
    from transformers import GenerationConfig

    length, positions = input_ids.shape[1], lm.config.max_position_embeddings
    # The last token is not read again.
    if length + settings.max_tokens - 1 > positions:
        raise ValueError(
            f'{length} tokens and max_tokens={settings.max_tokens} more came, but the '
            f'model has {positions} positions; lower max_tokens'
        )
    beams = dict(num_beams=settings.num_beams, length_penalty=settings.length_penalty)
    config = GenerationConfig(
        max_new_tokens=settings.max_tokens,
        min_new_tokens=settings.min_tokens,
        repetition_penalty=settings.repetition_penalty,
        do_sample=False,
        eos_token_id=end_id,
        pad_token_id=lm.config.pad_token_id,
        **(beams if settings.num_beams > 1 else {}),
    )
    # Padding goes to the left, so that each text goes on where it ends.
    order = attention_mask.int().argsort(dim=1, stable=True)
    texts = lm.generate(
        input_ids.gather(1, order),
        attention_mask=attention_mask.gather(1, order),
        encoder_hidden_states=others,
        encoder_attention_mask=other_mask,
        generation_config=config,
        **_cache(lm),
    )
    texts = texts[:, length:]
    # Behind the end of a text that beams wrote, transformers repeats the end.
    ends = texts == end_id
    return texts.masked_fill(ends.cumsum(1) > ends.int(), lm.config.pad_token_id)


def _cache(lm: 'BertLMHeadModel') -> dict:
    """Keys and values of self- and cross-attention, by the name that this lm takes.

    ``generate`` makes the former alone for a model that is a decoder and no more.
    """
    from transformers import DynamicCache, EncoderDecoderCache

    taken = signature(lm.forward).parameters
    name = 'cache' if 'cache' in taken else 'past_key_values'  # until transformers 5.2x
    return {name: EncoderDecoderCache(DynamicCache(), DynamicCache())}
