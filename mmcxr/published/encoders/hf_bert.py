"""BERT of transformers to our ``BertEncoder``, which holds it without its heads.

https://arxiv.org/abs/1810.04805.
"""

import re
from typing import Any

from torch import Tensor

from mmcxr.published.ledger import ConversionError, Ledger, weights_in

NAME = 'Hugging Face BERT'
_WORDS = 'embeddings.word_embeddings.weight'
_PART = re.compile(
    r'embeddings\.((word|position|token_type)_embeddings\.weight'
    r'|LayerNorm\.(weight|bias))'
    r'|encoder\.layer\.\d+\.(attention\.self\.(query|key|value)'
    r'|attention\.output\.(dense|LayerNorm)|intermediate\.dense'
    r'|output\.(dense|LayerNorm))\.(weight|bias)'
)
# Layer normalisation as files converted from TensorFlow call it.
_OLD_LEAVES = {
    'LayerNorm.gamma': 'LayerNorm.weight',
    'LayerNorm.beta': 'LayerNorm.bias',
}
_DROPPED = (
    (re.compile(r'embeddings\.(position_ids|token_type_ids)'), 'constant buffer'),
    (re.compile(r'pooler\.dense\.(weight|bias)'), 'pooler; the encoder has none'),
)
_HEADS = re.compile(r'cls\.(predictions|seq_relationship)\..*')


def recognise(checkpoint: Any) -> str | None:
    """``'bert'`` where all keys are those of a BERT of transformers."""
    try:
        convert(checkpoint)
    except ConversionError:
        return None
    return 'bert'


def convert(checkpoint: Any) -> tuple[dict[str, Tensor], dict]:
    """State dict of ``BertEncoder``, and ``info`` with its ``config``.

    Raises:
        ConversionError: keys that no BERT has, or none of its own.
    """
    ledger = Ledger(weights_in(checkpoint), NAME)
    prefix = 'bert.' if f'bert.{_WORDS}' in ledger.left else ''
    config = convert_bert(ledger, prefix, 'bert.')
    for key in list(ledger.left):
        if _HEADS.fullmatch(key):
            ledger.drop(key, 'head of the language model; the encoder has none')
    info = dict(system=NAME, variant='bert', config=config, dropped=ledger.dropped)
    return ledger.close(), info


def convert_bert(
    ledger: Ledger, prefix: str, new_prefix: str, pooler: bool = False
) -> dict:
    """Map the BERT under ``prefix`` and return its config, read off the shapes.

    Args:
        ledger: of the checkpoint.
        prefix: of its keys.
        new_prefix: of ours.
        pooler: keep the pooler, for an encoder that has one.

    Raises:
        ConversionError: there are no word embeddings.
    """
    if prefix + _WORDS not in ledger.left:
        raise ConversionError(f'{ledger.name}: the checkpoint lacks {prefix}{_WORDS}')
    found: dict[str, Tensor] = {}
    for key in [key for key in ledger.left if key.startswith(prefix)]:
        name = _current(key[len(prefix) :])
        reasons = [reason for part, reason in _DROPPED if part.fullmatch(name)]
        if pooler and name.startswith('pooler.'):
            ledger.move(key, new_prefix + name)
        elif reasons:
            ledger.drop(key, reasons[0])
        elif _PART.fullmatch(name):
            found[name] = ledger.left[key]
            ledger.move(key, new_prefix + name)
    return _config(found, ledger.name)


def _current(name: str) -> str:
    for old, new in _OLD_LEAVES.items():
        if name.endswith(old):
            return name[: -len(old)] + new
    return name


def _config(weights: dict[str, Tensor], name: str) -> dict:
    """Values of a ``BertConfig``; heads are 64 channels wide, as in every BERT."""
    layers = {key.split('.')[2] for key in weights if key.startswith('encoder.')}
    try:
        vocab_size, hidden_size = weights[_WORDS].shape
        first = weights['encoder.layer.0.intermediate.dense.weight']
        positions = weights['embeddings.position_embeddings.weight']
        types = weights['embeddings.token_type_embeddings.weight']
    except KeyError as error:
        raise ConversionError(f'{name}: the checkpoint lacks {error}') from error
    except ValueError as error:
        raise ConversionError(f'{name}: {_WORDS} is no matrix') from error
    return dict(
        vocab_size=vocab_size,
        hidden_size=hidden_size,
        num_hidden_layers=len(layers),
        num_attention_heads=max(1, hidden_size // 64),
        intermediate_size=len(first),
        max_position_embeddings=len(positions),
        type_vocab_size=len(types),
    )
