"""What a pack is made of.

A pack is a folder, ``packs/512-jpeg`` in that of the dataset, with

- ``000000.tar``, ``000001.tar``, ...: encoded films and masks one after the other,
  row by row in one of :data:`ORDERS` (packs made before have a ``films.bin``, the same
  data without the headers of a tar, and are read alike);
- ``records.npy``: a :data:`RECORD` for each film and mask, ordered by its key;
- ``keys.npy``: the keys alone, in which a name is looked up by halving;
- ``tokens-<digest>.npy``, if asked for: token ids of the reports of the table, one
  file for each tokenizer, as :mod:`mmcxr.datasets.packs.token_cache` keeps them;
- ``pack.json``: what was packed, how, and the size or digest of each file. It is
  written last: with it the pack is whole.

All is read through memory maps, so processes share one copy, and nothing is written,
so a read-only disk will do. No library stands between: LMDB would want its lock file,
and Arrow would bring 100 MB to look up a number.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

FORMAT, VERSION = 'mmcxr pack', 1
CODECS = ('jpeg', 'raw', 'png')
ORDERS = ('table', 'films', 'studies')
RECORD = np.dtype(
    [
        ('key', '<u8'),
        ('file', '<u4'),  # number of the data file
        ('crc', '<u4'),  # CRC-32 of the data
        ('offset', '<u8'),
        ('length', '<u8'),
        ('stored', '<u4', 2),  # (h, w); zeros: the data is the text of an error
        ('full', '<u4', 2),  # (H, W) of the file that it was made from
        ('source', '<u8', 2),  # bytes and time of change (ns) of that file
        ('last', '<u4'),  # 1: the last record of its row of the table
    ]
)


class PackError(ValueError):
    """A pack cannot be used; the message names it and says what to do."""


@dataclass(frozen=True)
class PackSettings:
    """How films are packed.

    Args:
        size: shorter side in pixels; smaller films keep theirs.
        codec: ``jpeg``, ``raw`` (uint8 as it is) or ``png``.
        quality: of JPEG, 1 to 100.
        webdataset: write several tar files, with the row of the table as JSON before
            each film: what the webdataset library trains from.
        order: of the rows. ``table``: as they are, by patients. ``films``: shuffled,
            for what is read from front to back in training. ``studies``: studies
            shuffled, the films of one next to each other, for training on whole
            studies. None is ``films`` with ``webdataset`` and else ``table``.
    """

    size: int = 512
    codec: str = 'jpeg'
    quality: int = 95
    webdataset: bool = False
    order: str | None = None

    def __post_init__(self):
        if self.order is None:
            usual = 'films' if self.webdataset else 'table'
            object.__setattr__(self, 'order', usual)  # once, in a frozen class
        if self.order not in ORDERS:
            raise ValueError(f'order {self.order!r} is none of {", ".join(ORDERS)}')
        if self.codec not in CODECS:
            raise ValueError(f'codec {self.codec!r} is none of {", ".join(CODECS)}')
        if self.size < 1 or not 1 <= self.quality <= 100:
            raise ValueError(
                f'size {self.size} and quality {self.quality}: a size is at least 1, a '
                'quality within 1..100'
            )
        if self.webdataset and self.codec == 'raw':
            raise ValueError(
                'a tar for webdataset holds files that others read: take codec jpeg or '
                'png'
            )

    @property
    def name(self) -> str:
        """Of the pack's folder, unless it is given another."""
        return f'{self.size}-{self.codec}{"-tar" if self.webdataset else ""}'

    def command(self, root: str | Path) -> str:
        """The command that makes this pack of the dataset in folder ``root``."""
        command = f'python tools/misc/pack_dataset.py {root} --size {self.size}'
        command += f' --codec {self.codec}'
        if self.quality != PackSettings.quality:
            command += f' --quality {self.quality}'
        return f'{command}{" --webdataset" * self.webdataset} --order {self.order}'


def film_name(image: str) -> str:
    """Name of the film of a row."""
    return f'images/{image}'


def mask_name(image: str, mask: str) -> str:
    """Name of a mask of a row; rows may share a file of masks."""
    return f'masks/{mask}\n{image}'


def token_name(digest: str) -> str:
    """Name of the file of token ids of a tokenizer."""
    return f'tokens-{digest}.npy'


def key_of(name: str) -> int:
    """64 bits that stand for a name."""
    return int.from_bytes(
        hashlib.blake2b(name.encode(), digest_size=8).digest(), 'little'
    )


def find_keys(keys: np.ndarray, names: Iterable[str]) -> np.ndarray:
    """(N,) int64 places of names in rising keys; -1 where there is none."""
    wanted = np.array([key_of(name) for name in names], np.uint64)
    found = keys.searchsorted(wanted)
    found[found == len(keys)] = 0
    found[keys[found] != wanted] = -1
    return found


def file_digest(path: Path) -> str:
    """SHA-256 in hexadecimal."""
    digest = hashlib.sha256()
    with path.open('rb') as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def table_facts(path: Path) -> dict:
    """What tells whether a table is still the one that was packed."""
    stat = path.stat()
    return dict(
        name=path.name,
        bytes=stat.st_size,
        changed=stat.st_mtime_ns,
        sha256=file_digest(path),
    )


def read_facts(folder: Path) -> dict:
    """Content of ``pack.json``.

    Raises:
        PackError: there is no pack, or it is another program's or a later version's.
    """
    path = folder / 'pack.json'
    try:
        facts = json.loads(path.read_text(encoding='utf-8'))
        version = facts['version'] if facts['format'] == FORMAT else None
    except FileNotFoundError as error:
        cause = (
            'the pack is unfinished; give the command that makes it again, and it goes '
            'on'
            if part_folder(folder).is_dir()
            else 'there is no pack; make it with tools/misc/pack_dataset.py, or take '
            '"pack" out of the config'
        )
        raise PackError(f'{folder}: {cause}') from error
    except (ValueError, TypeError, KeyError) as error:
        raise PackError(f'{path}: not that of a pack ({error!r})') from error
    if version != VERSION:
        raise PackError(
            f'{folder}: {"no pack of mmcxr" if version is None else "a pack"} of '
            f'version {version}, and this is read: {VERSION}; make it again'
        )
    return facts


def write_facts(folder: Path, facts: dict) -> None:
    """Write ``pack.json``, whole or not at all."""
    part = folder / 'pack.json.part'
    facts = {'format': FORMAT, 'version': VERSION, **facts}
    part.write_text(json.dumps(facts, indent=1) + '\n', encoding='utf-8')
    part.replace(folder / 'pack.json')


def settings_facts(settings: PackSettings) -> dict:
    """Settings as ``pack.json`` has them: quality and order where they play a part."""
    facts = asdict(settings)
    if settings.codec != 'jpeg':
        facts.pop('quality')
    if settings.order == 'table':
        facts.pop('order')
    return facts


def settings_of(facts: dict) -> PackSettings:
    """The settings in what ``pack.json`` holds."""
    return PackSettings(**{'order': 'table', **facts['settings']})


def part_folder(folder: Path) -> Path:
    """Where a pack lies until it is whole."""
    return folder.with_name(f'{folder.name}.part')
