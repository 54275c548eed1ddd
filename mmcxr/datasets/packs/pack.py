"""Read a pack: films and masks by name, through memory maps that processes share."""

import mmap
import zlib
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

import numpy as np

from mmcxr.datasets.films.deferred_film import DeferredFilm, deferred_jpeg
from mmcxr.datasets.films.film import MaskError, decode_film, decode_mask
from mmcxr.datasets.films.grey import UnreadableFilm
from mmcxr.datasets.tables.table import find_table

from .layout import (
    PackError,
    file_digest,
    film_name,
    find_keys,
    mask_name,
    read_facts,
    settings_of,
    token_name,
)


class Pack:
    """A pack of pre-resized films and their masks, read-only.

    Travels to another process as its path. A record's checksum is compared when a
    process reads it first.

    Args:
        folder: of the pack.
        root: folder of the dataset; if given, its table must be the packed one.

    Raises:
        PackError: no pack, an unfinished, damaged or cut one, that of another table,
            or one made from a table that has changed since.
    """

    def __init__(self, folder: str | Path, root: str | Path | None = None):
        self.folder = Path(folder)
        self.root = root
        self.facts = read_facts(self.folder)
        self.settings = settings_of(self.facts)
        self._check_files()
        if root is not None:
            self.check_table(Path(root))
        self._keys = np.load(self.folder / 'keys.npy', mmap_mode='r').view(np.ndarray)
        records = np.load(self.folder / 'records.npy', mmap_mode='r')
        self._records = records.view(np.ndarray)
        self._maps: dict[int, mmap.mmap] = {}
        self._seen = np.zeros(len(self._keys), dtype=bool)

    def __reduce__(self):
        return Pack, (self.folder, self.root)

    def film(self, image: str) -> DeferredFilm:
        """The film of a row, undecoded, in pixels of the file it was made from.

        Raises:
            PackError: the pack has no such film.
            UnreadableFilm: its file could not be read when it was packed, or the
                record is damaged.
        """
        record, data = self._whole(film_name(image), image, UnreadableFilm)
        stored, full = record['stored'].tolist(), record['full'].tolist()
        if self.settings.codec == 'raw':
            return DeferredFilm(lambda _: data.reshape(stored), stored, full)
        data, name = data.tobytes(), f'{self.folder}: {image}'
        if self.settings.codec == 'jpeg':
            return deferred_jpeg(data, name, stored, full)
        return DeferredFilm(lambda _: decode_film(data, name), stored, full)

    def mask(self, image: str, mask: str) -> np.ndarray:
        """A mask of a row at the size of the packed film, (h, w) uint8 of 0 and 1.

        Raises:
            PackError: the pack has no such mask.
            MaskError: its file could not be used when it was packed.
        """
        _, data = self._whole(mask_name(image, mask), mask, MaskError)
        return decode_mask(data.tobytes(), f'{self.folder}: {mask}')

    def places(self, images: Sequence[str]) -> np.ndarray:
        """(N, 2) int64: data file, and first byte in it, of the films of rows.

        Raises:
            PackError: the pack has no such film.
        """
        records = self._records[self._find(map(film_name, images), images)]
        return np.stack([records['file'], records['offset']], axis=1).astype(np.int64)

    def verify(self) -> list[int]:
        """Numbers of the records whose data is not what was written."""
        order = np.lexsort((self._records['offset'], self._records['file']))
        return [n for n in order.tolist() if not self._is_whole(n)]

    def check_table(self, root: Path) -> None:
        """Raise PackError unless the table in folder ``root`` is the packed one."""
        path, packed = find_table(root), self.facts['table']
        stat = path.stat()
        if path.name == packed['name'] and stat.st_size == packed['bytes']:
            untouched = stat.st_mtime_ns == packed['changed']
            if untouched or file_digest(path) == packed['sha256']:
                return
        raise PackError(
            f'{self.folder}: the pack is stale, for {path} is not the table that was '
            'packed; bring it up to date, which keeps what has not changed, with: '
            f'{self.settings.command(root)}'
        )

    def token_file(self, digest: str) -> Path | None:
        """The file of token ids of a tokenizer; None: the pack has none.

        Args:
            digest: of the tokenizer, from ``CachedTokenizer.digest`` without texts.

        Raises:
            PackError: it is missing or damaged.
        """
        if digest not in self.facts.get('tokens', ()):
            return None
        path = self.folder / token_name(digest)
        self._check_digest(path, self.facts['tokens'][digest]['sha256'])
        return path

    def unreadable(self) -> int:
        """How many films and masks could not be read when they were packed."""
        return int((self._records['full'] == 0).all(axis=1).sum()) - (
            self.facts['rows'] if self.settings.webdataset else 0
        )

    def source(self, name: str) -> tuple[int, int]:
        """``Item.source`` under a name of ``layout``."""
        return tuple(self._record(name)['source'].tolist())

    def start(self, name: str) -> tuple[int, int]:
        """Data file, and first byte in it, under a name of ``layout``."""
        record = self._record(name)
        return int(record['file']), int(record['offset'])

    def read(self, name: str, shown: str | None = None) -> tuple[np.void, np.ndarray]:
        """Record and uint8 data under a name of ``layout``; messages have ``shown``."""
        shown = shown or name
        number = self._find([name], [shown])[0]
        if not self._seen[number]:
            if not self._is_whole(number):
                raise UnreadableFilm(
                    f'{self.folder}: the record of {shown!r} is damaged (its checksum '
                    'differs); remove the pack and make it again'
                )
            self._seen[number] = True
        return self._records[number], self._data(number)

    def __len__(self) -> int:
        """Records: films, masks, and in a tar the texts of the rows."""
        return len(self._keys)

    def __contains__(self, name: str) -> bool:
        return find_keys(self._keys, [name])[0] >= 0

    def _find(self, names: Iterable[str], shown: Sequence[str]) -> np.ndarray:
        """(N,) numbers of records; ``shown`` are the names in messages."""
        found = find_keys(self._keys, names)
        if (found < 0).any():
            raise PackError(
                f'{self.folder}: has no {shown[found.argmin()]!r}, so it is the pack '
                'of other films; name one of this dataset, or take "pack" out of the '
                'config'
            )
        return found

    def _record(self, name: str) -> np.void:
        return self._records[self._find([name], [name])[0]]

    def _whole(self, name: str, shown: str, error: type[Exception]):
        """As :meth:`read`, and raise what packing found instead of data."""
        record, data = self.read(name, shown)
        if not record['stored'].any():
            raise error(f'{shown}: {bytes(data).decode()} (in {self.folder})')
        return record, data

    def _is_whole(self, number: int) -> bool:
        return zlib.crc32(self._data(number)) == int(self._records['crc'][number])

    def _data(self, number: int) -> np.ndarray:
        record = self._records[number]
        place, offset, length = (
            int(record[key]) for key in ('file', 'offset', 'length')
        )
        content, start = self._map(place), offset & -mmap.PAGESIZE
        # Asked for at once, it takes one reading of the disk, not one for each page.
        content.madvise(mmap.MADV_WILLNEED, start, offset + length - start)
        return np.frombuffer(content, np.uint8, length, offset)

    def _map(self, place: int) -> mmap.mmap:
        if place not in self._maps:
            with (self.folder / self.facts['files'][place]['name']).open('rb') as file:
                self._maps[place] = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        return self._maps[place]

    def _check_files(self) -> None:
        """Compare files with what ``pack.json`` says of them."""
        for file in self.facts['files']:
            path = self.folder / file['name']
            size = path.stat().st_size if path.is_file() else None
            if size != file['bytes']:
                found = 'is not there' if size is None else f'has {size} bytes'
                raise PackError(
                    f'{path}: {found}, and was packed with {file["bytes"]}; copy the '
                    'pack again, or remove it and make it again'
                )
        for name, digest in self.facts['digests'].items():
            self._check_digest(self.folder / name, digest)

    def _check_digest(self, path: Path, digest: str) -> None:
        if not path.is_file() or file_digest(path) != digest:
            raise PackError(
                f'{path}: missing or not as it was packed; copy the pack again, or '
                'remove it and make it again'
            )


@cache
def open_pack(folder: str, root: str) -> Pack:
    """A pack of the dataset in folder ``root``, opened once in a process.

    Args:
        folder: name of a pack in the dataset's folder ``packs``, or the path of one.
        root: folder of the dataset.
    """
    named = Path(root, 'packs', folder)
    return Pack(named if named.is_dir() or '/' not in folder else folder, root)
