"""Files on disk and in zip and tar files, read alike.

The members of a compressed tar can only be had in their order: :func:`read_all` takes
them in one pass, where :meth:`Member.read` would unpack the archive for each.
"""

import os
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath

TARS = ('.tar', '.tar.gz', '.tgz')
ARCHIVES = ('.zip', *TARS)
#: What reading an archive raises when it is damaged, encrypted or cut short.
ARCHIVE_ERRORS = (
    OSError,
    EOFError,
    RuntimeError,
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
)


@dataclass(frozen=True, slots=True)
class Member:
    """One file of a source, on disk or in an archive.

    Args:
        name: path in the source, with ``/``; unique in it.
        container: the file itself, or the archive that holds it.
        inside: its name in the archive; empty for a file on disk.
        stamp: changes when the content does, without reading it.
        offset: where a tar holds it; -1: elsewhere.
        size: in bytes, uncompressed.
    """

    name: str
    container: Path
    inside: str = ''
    stamp: str = ''
    offset: int = -1
    size: int = 0

    @property
    def stem(self) -> str:
        """File name without its suffix."""
        return PurePosixPath(self.name).stem

    @property
    def suffix(self) -> str:
        """In lower case."""
        return PurePosixPath(self.name).suffix.lower()

    @property
    def streamed(self) -> bool:
        """Whether all that lies before it must be unpacked to read it."""
        return self.offset >= 0 and not self.container.name.endswith('.tar')

    def read(self) -> bytes:
        """The content; slow where :attr:`streamed`."""
        if not self.inside:
            return self.container.read_bytes()
        if self.offset < 0:
            return _open_zip(self.container, os.getpid()).read(self.inside)
        if self.streamed:
            return next(stream([self]))[1]
        with self.container.open('rb') as file:
            file.seek(self.offset)
            data = file.read(self.size)
        if len(data) < self.size:
            raise EOFError(f'{self.container} ends inside {self.inside}')
        return data

    def __str__(self) -> str:
        return f'{self.container}:{self.inside}' if self.inside else str(self.container)


def list_archive(path: Path) -> Iterator[tuple[str, str, int, int]]:
    """(name, stamp, offset in a tar or -1, size) of each file in an archive.

    Raises:
        One of :data:`ARCHIVE_ERRORS`, perhaps after some files.
    """
    tar = path.name.lower().endswith(TARS)
    return _list_tar(path) if tar else _list_zip(path)


def read_all(
    members: Iterable[Member], failed: dict[str, str]
) -> Iterator[tuple[Member, bytes]]:
    """Members with their contents, each compressed tar unpacked once.

    Args:
        members: in any order; those in compressed tars come last.
        failed: takes what is wrong with a member, by its name, instead of raising.
    """
    streams: dict[Path, dict[str, Member]] = {}
    for member in members:
        if member.streamed:
            streams.setdefault(member.container, {})[member.name] = member
            continue
        try:
            data = member.read()
        except ARCHIVE_ERRORS as error:
            failed[member.name] = f'{member}: {error}'
            continue
        yield member, data
    for wanted in streams.values():
        try:
            for member, data in stream(list(wanted.values())):
                del wanted[member.name]
                yield member, data
        except ARCHIVE_ERRORS as error:
            for member in wanted.values():
                failed[member.name] = f'{member}: {error}'


def stream(members: Iterable[Member]) -> Iterator[tuple[Member, bytes]]:
    """Members of one compressed tar with their contents, in a single pass.

    Raises:
        EOFError: the archive ends before all were found.
    """
    wanted = {member.offset: member for member in members}
    path = next(iter(wanted.values())).container
    with tarfile.open(path, 'r|*') as archive:
        for info in archive:
            member = wanted.pop(info.offset_data, None)
            if member:
                yield member, archive.extractfile(info).read()
            if not wanted:
                return
    raise EOFError(f'{path} ends before {next(iter(wanted.values())).inside}')


def _list_zip(path: Path) -> Iterator[tuple[str, str, int, int]]:
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            if not info.is_dir():
                stamp = f'{info.file_size}:{info.CRC:08x}'
                yield info.filename, stamp, -1, info.file_size


def _list_tar(path: Path) -> Iterator[tuple[str, str, int, int]]:
    with tarfile.open(path) as archive:
        for info in archive:
            if info.isfile():
                name = info.name.removeprefix('./')
                stamp = f'{info.size}:{int(info.mtime)}'
                yield name, stamp, info.offset_data, info.size


@lru_cache(maxsize=64)
def _open_zip(path: Path, process: int) -> zipfile.ZipFile:
    """An open zip; each process its own, for a shared one would share its place."""
    return zipfile.ZipFile(path)
