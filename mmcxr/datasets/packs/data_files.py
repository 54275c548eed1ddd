"""The large files of a pack, written from front to back."""

import os
import tarfile
from pathlib import Path

_BLOCK = 512  # bytes; members of a tar begin and end with one


class PlainFile:
    """``films.bin``: data after data.

    Args:
        folder: where it lies.
    """

    def __init__(self, folder: Path):
        self.path = folder / 'films.bin'
        self._file = None
        self.end = 0

    def names(self) -> list[str]:
        """Files written, in order."""
        return [self.path.name]

    def go_to(self, number: int, end: int) -> None:
        """Cut what lies behind byte ``end`` and write from there."""
        self._file = self.path.open('ab')
        self._file.truncate(end)
        self._file.seek(end)
        self.end = end

    def next_row(self) -> int:
        """Number of the file that the next row goes to."""
        return 0

    def append(self, key: str, suffix: str, data: bytes) -> int:
        """Write; returns where the data begins."""
        start = self.end
        self.end += self._file.write(data)
        return start

    def flush(self, to_disk: bool = False) -> None:
        """Hand over to the system, or wait until the disk has it."""
        self._file.flush()
        if to_disk:
            os.fsync(self._file.fileno())

    def close(self) -> None:
        """End the file."""
        if self._file is not None:
            self._file.close()


class TarFiles:
    """``000000.tar``, ``000001.tar``, ...: in the layout of webdataset.

    The members of a row follow each other and are named ``<row>.<suffix>``; a row is
    never split over two files.

    Args:
        folder: where they lie.
        shard_bytes: a file of this size or more takes no further row.
    """

    def __init__(self, folder: Path, shard_bytes: int):
        self.folder = folder
        self.shard_bytes = shard_bytes
        self.number = 0
        self._file = None
        self.end = 0

    def names(self) -> list[str]:
        """Files written, in order."""
        return [f'{number:06d}.tar' for number in range(self.number + 1)]

    def go_to(self, number: int, end: int) -> None:
        """Remove what lies behind byte ``end`` of a file and write from there."""
        for path in self.folder.glob('*.tar'):
            if path.name > f'{number:06d}.tar':
                path.unlink()
        self._open(number, -(-end // _BLOCK) * _BLOCK)

    def next_row(self) -> int:
        """Number of the file that the next row goes to."""
        if self.end >= self.shard_bytes:
            self.close()
            self._open(self.number + 1, 0)
        return self.number

    def append(self, key: str, suffix: str, data: bytes) -> int:
        """Write a member; returns where its data begins."""
        header = tarfile.TarInfo(f'{key}.{suffix}')
        header.size = len(data)
        self._file.write(header.tobuf(tarfile.USTAR_FORMAT))
        start = self.end + _BLOCK
        self._file.write(data + bytes(-len(data) % _BLOCK))
        self.end = start + -(-len(data) // _BLOCK) * _BLOCK
        return start

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
        self._file = (self.folder / self.names()[-1]).open('ab')
        self._file.truncate(end)
        self._file.seek(end)
