"""What samples may hold for the model, and how those of a batch become one.

:data:`KEYS` is the one table: transforms that pack and ``collate_studies`` read it, so
a method that needs one more key adds one line here, or in a file of its own.

``B`` samples, ``V`` views or crops, ``T`` texts, ``L`` tokens, ``N`` patches.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn.functional import pad
from torch.nn.utils.rnn import pad_sequence

from mmcxr.datasets.films.deferred_film import DeferredFilm, decoded


@dataclass(frozen=True)
class Padding:
    """How token ids are padded; see ``collate_studies``."""

    pad_token_id: int = 0
    pad_to: int | None = None
    pad_to_multiple: int = 1

    def rows(
        self, texts: list[torch.Tensor], names: Sequence
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Padded ids of M texts, (M, L) int64, and which of them are of a text.

        Args:
            texts: of unequal length.
            names: of the samples, in order, with equally many texts each.
        """
        for number, ids in enumerate(texts):
            if self.pad_to is not None and len(ids) > self.pad_to:
                raise ValueError(
                    f'{names[number * len(names) // len(texts)]!r} has a text of '
                    f'{len(ids)} tokens, more than pad_to={self.pad_to}; give the '
                    'tokenizer the same max_length'
                )
        padded = pad_sequence(texts, batch_first=True, padding_value=self.pad_token_id)
        length = self.pad_to or rounded_up(padded.shape[1], self.pad_to_multiple)
        padded = pad(padded, (0, length - padded.shape[1]), value=self.pad_token_id)
        lengths = torch.tensor([len(ids) for ids in texts])
        return padded, torch.arange(length) < lengths[:, None]


def rounded_up(length: int, multiple: int) -> int:
    """The next multiple."""
    return -(-length // multiple) * multiple


@dataclass(frozen=True)
class Stack:
    """Numbers of one shape in all samples: (...) to (B, ...).

    Args:
        what: the samples of a batch need one of; for messages.
        dtype: in which they travel.
    """

    what: str
    dtype: type = np.float32
    absent = 'none'

    def pack(self, value, name: str) -> torch.Tensor:
        """Of one sample."""
        return torch.from_numpy(np.array(value, self.dtype))

    def kind(self, value: torch.Tensor) -> str:
        """What must be equal in all samples."""
        return 'x'.join(map(str, value.shape)) or 'one'

    def batch(self, key: str, values: list, padding: Padding, names: Sequence) -> dict:
        """What the batch holds."""
        return {key: torch.stack(values)}


@dataclass(frozen=True)
class Films(Stack):
    """Films of one size: (H, W) or (V, H, W) uint8 to (B, ..., 1, H, W)."""

    what: str = 'film'
    dtype: type = np.uint8

    def pack(self, value: np.ndarray | DeferredFilm, name: str) -> torch.Tensor:
        """Decode and check."""
        film = decoded(value)
        if film.dtype != self.dtype or film.ndim not in (2, 3):
            raise ValueError(
                'films travel as one channel of uint8, (H, W) or (V, H, W); '
                f'{name!r} is {film.dtype} {film.shape}. Read it with '
                'LoadFilm and leave normalising to the data preprocessor'
            )
        return torch.from_numpy(np.ascontiguousarray(film)).unsqueeze(-3)

    def kind(self, value: torch.Tensor) -> tuple:
        """Its shape."""
        return tuple(value.shape)


@dataclass(frozen=True)
class Groups:
    """A list with one entry of a kind for each group of crops, to one of batches."""

    each: Stack
    what: str = 'kind of crop groups'
    absent = 'none'

    def pack(self, value: Sequence, name: str) -> list[torch.Tensor]:
        """Of one sample."""
        return [self.each.pack(group, name) for group in value]

    def kind(self, value: list[torch.Tensor]) -> list:
        """Shapes of the groups."""
        return [self.each.kind(group) for group in value]

    def batch(self, key: str, values: list, padding: Padding, names: Sequence) -> dict:
        """A list with a batch of each group."""
        return {key: [torch.stack(group) for group in zip(*values, strict=True)]}


@dataclass(frozen=True)
class Texts:
    """Token ids of T texts: T rows (L,) to (B, T, L) int64 with ``attention_mask``."""

    what: str = 'number of texts'
    absent = 0

    def pack(self, value: Sequence, name: str) -> list[torch.Tensor]:
        """Of one sample."""
        return [torch.from_numpy(np.array(ids, np.int64)) for ids in value]

    def kind(self, value: list[torch.Tensor]) -> int:
        """Number of texts."""
        return len(value)

    def batch(self, key: str, values: list, padding: Padding, names: Sequence) -> dict:
        """Padded ids and mask; nothing where samples have no text."""
        texts = [ids for value in values for ids in value or ()]
        if not texts:
            return {}
        rows, mask = padding.rows(texts, names)
        lead = (len(values), -1)
        return {
            key: rows.unflatten(0, lead),
            'attention_mask': mask.long().unflatten(0, lead),
        }


@dataclass(frozen=True)
class Words:
    """Token ids that a decoder writes: one row (L,) to (B, L) int64, without a mask."""

    what: str = 'kind of words'
    absent = 'none'

    def pack(self, value: Sequence, name: str) -> torch.Tensor:
        """Of one sample."""
        ids = np.array(value, np.int64)
        if ids.ndim != 1:
            raise ValueError(
                f'word_ids of {name!r} are one row of token ids, not {ids.shape}'
            )
        return torch.from_numpy(ids)

    def kind(self, value: torch.Tensor) -> str:
        """Lengths may differ."""
        return 'some'

    def batch(self, key: str, values: list, padding: Padding, names: Sequence) -> dict:
        """Padded ids."""
        return {key: padding.rows(values, names)[0]}


#: Key of ``inputs`` -> kind. The film of ``image`` is ``img`` in a pipeline, where
#: ``image`` is the name of its file.
KEYS = dict(
    image=Films(),
    crops=Groups(Films()),
    input_ids=Texts(),  # as the model reads them
    target_ids=Texts(),  # as it should have read them
    word_ids=Words(),
    patch_noise=Stack('number of patches'),
    jitter=Stack('kind of jitter'),
    crop_jitter=Groups(Stack('kind of jitter'), 'kind of jitter'),
)
