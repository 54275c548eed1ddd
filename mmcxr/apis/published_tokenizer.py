"""Tokenizers of published models, which nothing is downloaded for before they serve."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from mmcxr.registry import TOKENIZERS


class DeferredTokenizer:
    """A tokenizer that is fetched when the first text comes.

    Args:
        config: of the tokenizer.
        num_embeddings: words the text encoder knows; a larger vocabulary cannot be
            the one it was trained with.
    """

    def __init__(self, config: dict, num_embeddings: int):
        self.config = config
        self.num_embeddings = num_embeddings
        self._tokenizer = None

    @property
    def tokenizer(self) -> Any:
        """The tokenizer itself.

        Raises:
            FileNotFoundError: it is neither here nor on the hub.
            ValueError: its vocabulary is larger than the text encoder's.
        """
        if self._tokenizer is None:
            tokenizer = TOKENIZERS.build(self.config)
            if tokenizer.vocab_size > self.num_embeddings:
                raise ValueError(
                    f'tokenizer {self.config["name"]} knows {tokenizer.vocab_size} '
                    f'words, the text encoder {self.num_embeddings}: it is not the '
                    'one the model was trained with'
                )
            self._tokenizer = tokenizer
        return self._tokenizer

    def __call__(self, texts: list[str], max_length: int = 256) -> list[list[int]]:
        """Token ids of each text; see :class:`HFTokenizer`."""
        return self.tokenizer(texts, max_length)

    def is_piece(self) -> Any:
        """Which ids continue a word; see :meth:`HFTokenizer.is_piece`."""
        return self.tokenizer.is_piece()

    @property
    def pad_token_id(self) -> int:
        """Id that padding is filled with."""
        return self.tokenizer.pad_token_id

    @property
    def vocab_size(self) -> int:
        """Words the tokenizer knows."""
        return self.tokenizer.vocab_size


def published_tokenizer(
    given: str | Path | dict | Callable | None, config: dict, num_embeddings: int
) -> Callable | None:
    """The tokenizer of a published model.

    Args:
        given: what the user gave: a name or folder, a config, or the tokenizer itself.
        config: of the published tokenizer, perhaps without its ``name``.
        num_embeddings: words the text encoder knows.

    Returns:
        What the user gave, ready; else the published one, fetched when the first text
        comes; None where neither has a name.
    """
    if given is None:
        return DeferredTokenizer(config, num_embeddings) if 'name' in config else None
    if not isinstance(given, (str, Path, dict)):
        return given
    config = given if isinstance(given, dict) else dict(config, name=str(given))
    return DeferredTokenizer(config, num_embeddings).tokenizer
