"""Reports tokenised once: ids in a file that all workers and ranks map.

The file is named by a digest of all that the ids follow from, so a stale one is
never read; it may be deleted at any time.
"""

import hashlib
import logging
import os
import uuid
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np
from mmengine.logging import print_log

from mmcxr.registry import TOKENIZERS

from .laterality import swap_sides

_FORMAT = 1  # of the file; another number is another digest


class TokenStore:
    """Token ids of numbered texts, read-only.

    Mapped from a file, it travels to a worker as the file's path.

    Args:
        ends: (M,) int64, where in ``ids`` each text ends.
        ids: (all tokens,) uint16 or int32.
        path: the file they are mapped from; None: they are in memory.
    """

    def __init__(self, ends: np.ndarray, ids: np.ndarray, path: Path | None = None):
        if ids.ndim != 1 or ends.ndim != 1 or len(ids) != ends[-1]:
            raise ValueError('ids and ends of the texts do not fit together')
        self.ends = ends
        self.ids = ids
        self.path = path

    @classmethod
    def open(cls, path: Path) -> 'TokenStore':
        """Map a file that :meth:`save` wrote.

        Raises:
            OSError: it is not there or cannot be read.
            ValueError: it is damaged.
        """
        with path.open('rb') as file:
            ends = np.lib.format.read_array(file)
            np.lib.format.read_magic(file)
            shape, _, dtype = np.lib.format.read_array_header_1_0(file)
            ids = np.memmap(path, dtype, 'r', file.tell(), shape)
        return cls(ends, ids.view(np.ndarray), path)

    def save(self, path: Path) -> None:
        """Write a file; others see all of it or nothing."""
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f'.{path.name}.{uuid.uuid4().hex}.part')
        try:
            with part.open('xb') as file:
                for array in (self.ends, self.ids):
                    np.save(file, array, allow_pickle=False)
            os.replace(part, path)
        finally:
            part.unlink(missing_ok=True)

    def __len__(self) -> int:
        return len(self.ends)

    def __getitem__(self, number: int) -> np.ndarray:
        """(L,) int64 ids of text ``number``, a copy."""
        start = self.ends[number - 1] if number else 0
        return self.ids[start : self.ends[number]].astype(np.int64)

    def __reduce__(self):
        if self.path is None:
            return TokenStore, (self.ends, self.ids)
        return TokenStore.open, (self.path,)


@TOKENIZERS.register_module()
class CachedTokenizer:
    """Token ids of all texts of a dataset, made once and kept in a file.

    Where the folder cannot be written, the ids stay in memory and a message says so.
    Processes that start together may each make the ids; they write the same file.

    Args:
        tokenizer: config of the tokenizer.
        max_length: most ids per text, special tokens included; MRM has 100.
        mirrored: keep the ids of each text with left and right exchanged too, for
            ``MirrorText``.
        folder: where to keep the file; None: ``tokens/`` in the dataset's folder.
    """

    def __init__(
        self,
        tokenizer: dict,
        max_length: int = 100,
        mirrored: bool = False,
        folder: str | None = None,
    ):
        self.tokenizer = TOKENIZERS.build(tokenizer)
        self.max_length = max_length
        self.mirrored = mirrored
        self.folder = folder

    def __call__(
        self, texts: Sequence[str], root: Path
    ) -> tuple[TokenStore, list[dict[str, int]]]:
        """Tokenise texts, or find that it was done.

        Args:
            texts: N of them; equal ones are stored once.
            root: folder of the dataset.

        Returns:
            A store, and for each text the numbers in it of ``input_ids`` and, if
            ``mirrored``, ``mirrored_ids``.
        """
        unique = list(dict.fromkeys(texts))
        versions = dict(input_ids={text: text for text in unique})
        if self.mirrored:
            versions['mirrored_ids'] = {text: swap_sides(text) for text in unique}
        number_of = {}
        for of in versions.values():
            for text in of.values():
                number_of.setdefault(text, len(number_of))
        entries = {
            text: {key: number_of[of[text]] for key, of in versions.items()}
            for text in unique
        }
        return self._store(list(number_of), root), [entries[text] for text in texts]

    def digest(self, texts: Iterable[str]) -> str:
        """32 hexadecimal digits that stand for the ids of these texts in this order."""
        tokenizer = self.tokenizer
        frame = tokenizer.prefix, tokenizer.suffix
        facts = repr((_FORMAT, version('tokenizers'), self.max_length, frame))
        digest = hashlib.blake2b(digest_size=16)
        for text in (facts, tokenizer.backend.to_str(), *texts):
            data = text.encode()
            digest.update(len(data).to_bytes(8, 'little') + data)
        return digest.hexdigest()

    def _store(self, texts: list[str], root: Path) -> TokenStore:
        """The store of these texts: from the file, or made and written to it."""
        folder = root / 'tokens' if self.folder is None else Path(self.folder)
        path = folder / f'{self.digest(texts)}.npy'
        if path.is_file():
            try:
                return TokenStore.open(path)
            except (OSError, ValueError, EOFError) as error:
                _log(f'{path}: cannot be read ({error}); it is made again')
        print_log(f'{path}: tokenising {len(texts)} texts, this once', 'current')
        store = self._tokenise(texts)
        try:
            store.save(path)
            return TokenStore.open(path)
        except OSError as error:
            _log(
                f'{folder}: cannot be written ({error}); token ids stay in memory and '
                'are made again at the next start. Give CachedTokenizer another folder'
            )
            return store

    def _tokenise(self, texts: list[str]) -> TokenStore:
        parts = []
        for text in texts:
            (ids,) = self.tokenizer([text], max_length=self.max_length)
            parts.append(
                np.array(ids, np.int32)
            )  # a list of numbers takes 8 times as much
        ids = np.concatenate(parts)
        if ids.max() < 1 << 16:
            ids = ids.astype(np.uint16)
        return TokenStore(np.cumsum([len(part) for part in parts]), ids)


def _log(message: str) -> None:
    print_log(message, 'current', logging.WARNING)
