"""Reports tokenised once: ids in a file that all workers and ranks map.

The file is named by a digest of all that the ids follow from, so a stale one is
never read; it may be deleted at any time. A pack may hold such a file for the reports
of its whole table.
"""

import hashlib
import logging
import os
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from itertools import chain
from pathlib import Path

import numpy as np
from mmengine.logging import print_log

from mmcxr.datasets.texts.laterality import swap_sides
from mmcxr.registry import TOKENIZERS

from .layout import PackError, find_keys, key_of
from .pack import open_pack

_FORMAT = 2  # of the file; another number is another digest


@dataclass(frozen=True, eq=False)
class TokenStore:
    """Token ids of texts, found by a key of the text; read-only.

    Mapped from a file, it travels to a worker as the file's path.

    Args:
        keys: (M,) uint64 in rising order, :func:`~mmcxr.datasets.packs.layout.key_of`
            of each text.
        ends: (M,) int64, where in ``ids`` each text ends.
        ids: (all tokens,) uint16 or int32.
        path: the file they are mapped from; None: they are in memory.
    """

    keys: np.ndarray
    ends: np.ndarray
    ids: np.ndarray
    path: Path | None = None

    def __post_init__(self):
        keys, ends, ids = self.keys, self.ends, self.ids
        if ids.ndim != 1 or ends.shape != keys.shape != () or len(ids) != ends[-1]:
            raise ValueError('keys, ends and ids of the texts do not fit together')

    @classmethod
    def open(cls, path: Path) -> 'TokenStore':
        """Map a file that :meth:`save` wrote.

        Raises:
            OSError: it is not there or cannot be read.
            ValueError: it is damaged.
        """
        with path.open('rb') as file:
            keys, ends = (np.lib.format.read_array(file) for _ in range(2))
            np.lib.format.read_magic(file)
            shape, _, dtype = np.lib.format.read_array_header_1_0(file)
            ids = np.memmap(path, dtype, 'r', file.tell(), shape)
        return cls(keys, ends, ids.view(np.ndarray), path)

    def save(self, path: Path) -> None:
        """Write a file; others see all of it or nothing."""
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f'.{path.name}.{uuid.uuid4().hex}.part')
        try:
            with part.open('xb') as file:
                for array in (self.keys, self.ends, self.ids):
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
            return TokenStore, (self.keys, self.ends, self.ids)
        return TokenStore.open, (self.path,)


@TOKENIZERS.register_module()
class CachedTokenizer:
    """Token ids of all texts of a dataset, made once and kept in a file.

    Where the folder cannot be written, the ids stay in memory and a message says so.
    Processes that start together may each make the ids; they write the same file.
    From a pack, ids are only read: one that lacks them is refused.

    Args:
        tokenizer: config of the tokenizer.
        max_length: most ids per text, special tokens included; MRM has 100.
        mirrored: keep the ids of each text with left and right exchanged too, for
            ``MirrorText``.
        folder: where to keep the file; None: ``tokens/`` in the dataset's folder.
        pack: take the ids from a pack that was made with ``--tokenizer``; name or
            path as of ``LoadFilm``.
    """

    def __init__(
        self,
        tokenizer: dict,
        max_length: int = 100,
        mirrored: bool = False,
        folder: str | None = None,
        pack: str | None = None,
    ):
        if folder is not None and pack is not None:
            raise ValueError('ids lie in a folder or in a pack: give one of the two')
        self.tokenizer = TOKENIZERS.build(tokenizer)
        self.max_length = max_length
        self.mirrored = mirrored
        self.folder = folder
        self.pack = pack

    def __call__(
        self, texts: Sequence[str], root: Path
    ) -> tuple[TokenStore, list[dict[str, int]]]:
        """Tokenise texts of the dataset in folder ``root``, or find that it was done.

        Returns:
            A store, and for each text the numbers in it of ``input_ids`` and, if
            ``mirrored``, ``mirrored_ids``. Equal texts are stored once.

        Raises:
            PackError: the pack is missing, stale, damaged or without these ids.
        """
        unique = list(dict.fromkeys(texts))
        versions = dict(input_ids=unique)
        if self.mirrored:
            versions['mirrored_ids'] = [swap_sides(text) for text in unique]
        wanted = list(dict.fromkeys(chain(*versions.values())))
        store = self._kept(wanted, root) if self.pack is None else self._packed(root)
        found = find_keys(store.keys, wanted)
        if (found < 0).any():
            raise PackError(
                f'{store.path}: no ids of {np.count_nonzero(found < 0)} of '
                f'{len(wanted)} texts, as {wanted[found.argmin()]!r:.60}: a pack holds '
                'those of whole reports; take "pack" out of the tokenizer'
            )
        number_of = dict(zip(wanted, found.tolist(), strict=True))
        entries = {
            text: {key: number_of[of] for key, of in zip(versions, row, strict=True)}
            for text, *row in zip(unique, *versions.values(), strict=True)
        }
        return store, [entries[text] for text in texts]

    def make(self, texts: Sequence[str]) -> TokenStore:
        """Tokenise different texts.

        Raises:
            ValueError: two of them have one key.
        """
        by_key = dict(sorted((key_of(text), text) for text in texts))
        if len(by_key) < len(texts):
            raise ValueError('two texts have one key; change a letter of either')
        parts = []
        for text in by_key.values():
            (ids,) = self.tokenizer([text], max_length=self.max_length)
            parts.append(np.array(ids, np.int32))  # a list takes 8 times as much
        keys, ids = np.array(list(by_key), np.uint64), np.concatenate(parts)
        if ids.max() < 1 << 16:
            ids = ids.astype(np.uint16)
        return TokenStore(keys, np.cumsum([len(part) for part in parts]), ids)

    def digest(self, texts: Iterable[str]) -> str:
        """32 hexadecimal digits that stand for the ids of these texts in this order.

        Without texts they stand for what turns a text into ids.
        """
        tokenizer = self.tokenizer
        frame = tokenizer.prefix, tokenizer.suffix
        facts = repr((_FORMAT, version('tokenizers'), self.max_length, frame))
        digest = hashlib.blake2b(digest_size=16)
        for text in (facts, tokenizer.backend.to_str(), *texts):
            data = text.encode()
            digest.update(len(data).to_bytes(8, 'little') + data)
        return digest.hexdigest()

    def _packed(self, root: Path) -> TokenStore:
        """The store of a pack."""
        pack = open_pack(self.pack, str(root.absolute()))
        if path := pack.token_file(self.digest(())):
            return TokenStore.open(path)
        name = getattr(self.tokenizer, 'name', 'NAME')
        raise PackError(
            f'{pack.folder}: holds no token ids of this tokenizer at max_length='
            f'{self.max_length}; add them with: {pack.settings.command(root)} '
            f'--tokenizer {name} --max-length {self.max_length}, or with a config in '
            'place of the name; or take "pack" out of the tokenizer'
        )

    def _kept(self, texts: list[str], root: Path) -> TokenStore:
        """The store of these texts: from the file, or made and written to it."""
        folder = root / 'tokens' if self.folder is None else Path(self.folder)
        path = folder / f'{self.digest(texts)}.npy'
        if path.is_file():
            try:
                return TokenStore.open(path)
            except (OSError, ValueError, EOFError) as error:
                _log(f'{path}: cannot be read ({error}); it is made again')
        print_log(f'{path}: tokenising {len(texts)} texts, this once', 'current')
        store = self.make(texts)
        try:
            store.save(path)
            return TokenStore.open(path)
        except OSError as error:
            _log(
                f'{folder}: cannot be written ({error}); token ids stay in memory and '
                'are made again at the next start. Give CachedTokenizer another folder'
            )
            return store


def _log(message: str) -> None:
    print_log(message, 'current', logging.WARNING)
