"""The large files of a pack, written from front to back."""

import os
import tarfile
from collections.abc import Sequence
from pathlib import Path

from .encoding import Item

_BLOCK = 512  # bytes; members of a tar begin and end with one


def tar_name(number: int) -> str:
    """Name of a data file."""
    return f'{number:06d}.tar'


class TarFiles:
    """``000000.tar``, ``000001.tar``, ...: in the layout of webdataset.

    The members of a row follow each other and are named ``<row>.<suffix>``; a row is
    never split over two files.

    Args:
        folder: where they lie.
        shard_bytes: a file of this size or more takes no further row; None: there is
            one file.
    """

    def __init__(self, folder: Path, shard_bytes: int | None):
        self.folder = folder
        self.shard_bytes = shard_bytes
        self.number = self.end = 0
        self._file = None

    def go_to(self, number: int, end: int) -> None:
        """Remove what lies behind byte ``end`` of a file and write from there."""
        for path in self.folder.glob('*.tar'):
            if path.name > tar_name(number):
                path.unlink()
        (self.folder / 'films.bin').unlink(missing_ok=True)  # begun before tar files
        self._open(number, end + -end % _BLOCK)

    def append(self, row: int, items: Sequence[Item]) -> tuple[int, list[int]]:
        """Write a row; returns its file's number, and where the data of each begins."""
        if self.shard_bytes is not None and self.end >= self.shard_bytes:
            self.close()
            self._open(self.number + 1, 0)
        starts = []
        for item in items:
            header = tarfile.TarInfo(f'{row:09d}.{item.suffix}')
            header.size = len(item.data)
            self._file.write(header.tobuf(tarfile.USTAR_FORMAT))
            self._file.write(item.data + bytes(-header.size % _BLOCK))
            starts.append(self.end + _BLOCK)
            self.end = starts[-1] + header.size + -header.size % _BLOCK
        return self.number, starts

    def flush(self, to_disk: bool = False) -> None:
        """Hand over to the system, or wait until the disk has it."""
        self._file.flush()
        if to_disk:
            os.fsync(self._file.fileno())

    def close(self) -> None:
        """End the file as a tar ends."""
        if self._file is not None:
            self._file.write(bytes(2 * _BLOCK))
            self.flush(to_disk=True)
            self._file.close()
            self._file = None

    def _open(self, number: int, end: int) -> None:
        self.number, self.end = number, end
        self._file = (self.folder / tar_name(number)).open('ab')
        self._file.truncate(end)
        self._file.seek(end)
