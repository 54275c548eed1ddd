"""What converters share: files that appear whole or not at all, and a tally.

A converter can be run again: what is there and right is left as it is.
"""

import gzip
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

import pandas as pd
from rich.progress import track

from mmcxr.datasets.tables.table import TableError, read_table

T = TypeVar('T')
_NAMED = 5  # of each kind, so many are named in the summary
_LOOKED_AT = 100  # paths, to find the folders they share with the films
#: What a verification fails on, unless it is accepted.
FAULTS = {
    'missing': 'listed, but there is no such file',
    'extra': 'a file that nothing lists',
    'unreadable': 'a file that cannot be read',
    'duplicate': 'a file whose bytes or name another has',
    'invalid': 'a row, cell or name that makes no sense',
    'count': 'a number that differs from the published one',
}


class Tally:
    """Counts what a converter met, with the names, by kind.

    Some kinds are faults: they fail the verification unless they are accepted.
    """

    def __init__(self):
        self._names: dict[str, list[str]] = {}
        self._fault_of: dict[str, str] = {}

    def note(self, kind: str, name: str) -> None:
        """Count ``name`` (an image, a row) under ``kind``."""
        self._names.setdefault(kind, []).append(name)

    def fault(self, fault: str, kind: str, name: str) -> None:
        """Count ``name`` under ``kind``, a kind of the fault ``fault``.

        Args:
            fault: a key of :data:`FAULTS`.
            kind: what exactly, in words.
            name: the file, row or image, and perhaps the cause.
        """
        if fault not in FAULTS:
            raise KeyError(f'{fault!r} is none of {", ".join(FAULTS)}')
        kind = f'{fault}: {kind}'
        self._fault_of[kind] = fault
        self.note(kind, name)

    def count(self, kind: str) -> int:
        """How many were noted under ``kind``."""
        return len(self._names.get(kind, ()))

    def names(self, kind: str) -> list[str]:
        """What was noted under ``kind``."""
        return list(self._names.get(kind, ()))

    def faults(self) -> dict[str, dict[str, list[str]]]:
        """Names by fault and kind."""
        found: dict[str, dict[str, list[str]]] = {}
        for kind, fault in self._fault_of.items():
            found.setdefault(fault, {})[kind] = list(self._names[kind])
        return found

    def lines(self) -> list[str]:
        """One line per kind, to print."""
        return [
            f'{len(names)} {kind}: {", ".join(names[:_NAMED])}'
            + (', ...' if len(names) > _NAMED else '')
            for kind, names in self._names.items()
        ]


def locate_films(listed: Iterable[str], images: Path, tally: Tally) -> dict[str, str]:
    """Path under ``images`` of each listed film that is there.

    Leading folders that the folder of films lacks are dropped, of all paths alike.
    Films written and films missing are counted in ``tally``.

    Raises:
        TableError: none of the first hundred paths, nor any ending of them, is there.
    """
    parts = {path: path.strip('/').split('/') for path in listed}
    first = list(parts.values())[:_LOOKED_AT]
    for depth in range(max(map(len, first))):
        endings = ['/'.join(path[depth:]) for path in first if path[depth:]]
        if any((images / ending).is_file() for ending in endings):
            break
    else:
        raise TableError(
            f'{images}: holds no {"/".join(first[0])!r}, nor any ending of it'
            + (f', nor of the next {len(first) - 1}' if len(first) > 1 else '')
        )
    kept = {path: '/'.join(names[depth:]) for path, names in parts.items()}
    for path, ending in with_progress(list(kept.items()), 'looking for images'):
        if ending and (images / ending).is_file():
            tally.note('images written', ending)
        else:
            tally.note('left out, file missing', path)
            del kept[path]
    return kept


def write_dataset(
    root: Path, cells: pd.DataFrame, splits: dict[str, pd.DataFrame]
) -> None:
    """Write split lists and, last, the table; a table means that all is there.

    A table that says something else is removed first.

    Args:
        root: folder of the dataset.
        cells: of the table.
        splits: lists with columns image and split, by scheme.

    Raises:
        ValueError: there are no rows.
        TableError: the table would not read; it is not written then.
    """
    if len(cells) == 0:
        raise ValueError('nothing to write: no image of the source can be used')
    with tempfile.TemporaryDirectory() as folder:
        write_csv(Path(folder) / 'table.csv', cells)
        try:
            read_table(folder)
        except TableError as error:
            fault = str(error).replace(folder, str(root))
            raise TableError(
                f'no table written, the source needs mending: {fault}'
            ) from error
    path, text = root / 'table.csv', _csv(cells)
    if path.is_file() and path.read_bytes() != text.encode():
        path.unlink()
    for scheme, listed in splits.items():
        write_csv(root / 'splits' / f'{scheme}.csv', listed[['image', 'split']])
    write_text(path, text)


def write_csv(path: Path, frame: pd.DataFrame) -> None:
    """Write atomically; an equal file is left untouched.

    Args:
        path: ``*.csv``, or ``*.csv.gz`` and ``*.parquet`` for the same table packed.
        frame: to write, without its index.
    """
    if path.suffix == '.parquet':
        _write(path, frame.to_parquet(index=False))
    elif path.suffix == '.gz':
        # No time stamp: the same table makes the same file.
        _write(path, gzip.compress(_csv(frame).encode(), mtime=0))
    else:
        write_text(path, _csv(frame))


def write_text(path: Path, text: str) -> None:
    """Write atomically; an equal file is left untouched."""
    _write(path, text.encode())


def _write(path: Path, data: bytes) -> None:
    if path.is_file() and path.read_bytes() == data:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    part = _part(path)
    part.write_bytes(data)
    os.replace(part, path)


def place_file(source: Path, target: Path, link: bool) -> None:
    """Copy ``source`` to ``target``, or point a symbolic link at it.

    A target that is the same link, or a file of the same size and time, stays.
    """
    source = source.resolve()
    if target.is_symlink():
        done = link and target.readlink() == source
    else:
        done = not link and target.is_file() and _stamp(target) == _stamp(source)
    if done:
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    part = _part(target)
    part.unlink(missing_ok=True)
    if link:
        part.symlink_to(source)
    else:
        shutil.copy2(source, part)
    os.replace(part, target)


def with_progress(
    items: Iterable[T], description: str, total: int | None = None
) -> Iterable[T]:
    """The items, with a progress bar where a person watches.

    Args:
        items: with a length, or ``total`` is it.
        description: stands before the bar.
        total: how many there are.
    """
    return track(
        items, description, total, disable=not sys.stderr.isatty(), transient=True
    )


def _csv(frame: pd.DataFrame) -> str:
    return frame.to_csv(index=False, lineterminator='\n')


def _part(path: Path) -> Path:
    return path.with_name(f'.{path.name}.part')


def _stamp(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, int(status.st_mtime)
