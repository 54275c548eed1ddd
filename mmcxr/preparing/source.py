"""An official download as it unpacks: folders, and zip or tar files in them.

Files inside an archive are known as if it lay unpacked beside itself in a folder of
its own name, so a converter need not know which of its archives a user has unpacked.
"""

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from pathlib import Path

import pandas as pd

from mmcxr.datasets.tables.table_checks import is_safe_path, nearest
from mmcxr.datasets.tables.table_file import TableError, parse_csv

from .archives import ARCHIVE_ERRORS, ARCHIVES, Member, list_archive
from .writing import Tally, with_progress


class Source:
    """All files of a download, found once.

    Links to folders are followed, but not in circles. What cannot be listed (a
    damaged archive, a name that leads out of it) is noted as a fault.

    Args:
        root: the folder, or an archive of it.
        tally: takes the faults.
        leave_out: a folder that may lie in it and is none of it.

    Raises:
        TableError: there is no such folder or archive.
    """

    def __init__(self, root: str | Path, tally: Tally, leave_out: Path | None = None):
        self.root, self._tally = Path(root), tally
        self._leave_out = None
        if leave_out and leave_out.is_dir():
            self._leave_out = (leave_out.stat().st_dev, leave_out.stat().st_ino)
        if self.root.is_dir():
            found = self._walk(self.root, ())
        elif self.root.is_file() and self.root.name.lower().endswith(ARCHIVES):
            found = [(self.root, self.root.stat())]
        else:
            raise TableError(f'{self.root}: no such folder, nor a zip or tar file')
        files = {}
        archives = []
        for path, status in found:
            inside = path.relative_to(self.root) if path != self.root else path.name
            name = Path(inside).as_posix()
            if name.lower().endswith(ARCHIVES):
                archives.append((name, path))
                continue
            stamp = f'{status.st_size}:{status.st_mtime_ns}'
            files[name] = Member(name, path, stamp=stamp, size=status.st_size)
        for name, path in with_progress(archives, 'listing archives'):
            for member in self._list_archive(name, path):
                files.setdefault(member.name, member)
        #: Members by name, in the order of the names.
        self.members = dict(sorted(files.items()))
        self._endings: dict[int, dict[str, list[Member]]] = {}

    def _by_ending(self, parts: int) -> dict[str, list[Member]]:
        """Members by the last so many parts of their path: on disk, shallow first."""
        if parts not in self._endings:
            found: dict[str, list[Member]] = {}
            for member in self.members.values():
                ending = '/'.join(member.name.rsplit('/', parts)[-parts:])
                found.setdefault(ending, []).append(member)
            for same in found.values():
                same.sort(key=lambda m: (bool(m.inside), m.name.count('/'), m.name))
            self._endings[parts] = found
        return self._endings[parts]

    @cached_property
    def checksums(self) -> dict[str, str]:
        """SHA-256 of files by name, of each ``SHA256SUMS.txt`` (PhysioNet) there is."""
        sums = {}
        for member in self._by_ending(1).get('SHA256SUMS.txt', ()):
            folder = member.name.removesuffix('SHA256SUMS.txt')
            for line in read_member(member).decode('utf-8', 'replace').splitlines():
                digest, _, path = line.partition(' ')
                path = path.strip().removeprefix('*').removeprefix('./')
                sums[folder + path] = digest.lower()
        return sums

    def find(self, path: str) -> Member | None:
        """The file at ``path``, or at a path that ends so, however deep it lies."""
        if path in self.members:
            return self.members[path]
        same = self._by_ending(path.count('/') + 1).get(path)
        return same[0] if same else None

    def need(self, *paths: str) -> Member:
        """The first of ``paths`` that :meth:`find` finds.

        Raises:
            TableError: there is none.
        """
        for path in paths:
            member = self.find(path)
            if member:
                return member
        hint = nearest(paths[0].rpartition('/')[2], self._by_ending(1))
        wanted = ' or '.join(map(repr, paths))
        raise TableError(f'{self.root}: holds no {wanted}{hint}')

    def named(self, *suffixes: str, under: str = '') -> dict[str, Member]:
        """Files by their name without suffix, in the order of the names.

        Of several files of one name the one on disk counts before those in archives,
        and the shallowest; two on disk are noted as duplicates.

        Args:
            suffixes: such as '.png', in lower case.
            under: a folder one of the parts of the path must be; '' takes all.
        """
        return self._unique(lambda member: member.stem, suffixes, under)

    def ending(self, depth: int, *suffixes: str) -> dict[str, Member]:
        """Files by the last ``depth`` parts of their path, in the order of these.

        For films whose names alone say nothing: ``patient1/study1/view1_frontal.jpg``.
        Of several that end alike the same counts as for :meth:`named`.
        """
        return self._unique(
            lambda member: '/'.join(member.name.split('/')[-depth:]), suffixes
        )

    def _unique(
        self, key: Callable[[Member], str], suffixes: tuple[str, ...], under: str = ''
    ) -> dict[str, Member]:
        found: dict[str, Member] = {}
        for same in self._by_ending(1).values():
            for member in same:
                if member.suffix not in suffixes:
                    continue
                if under and f'/{under}/' not in f'/{member.name}':
                    continue
                first = found.setdefault(key(member), member)
                if first is not member and not member.inside:
                    kind = 'files of a name that another has; not read'
                    self._tally.fault('duplicate', kind, member.name)
        return dict(sorted(found.items()))

    def table(self, path: str | Member, columns: tuple[str, ...] = ()) -> pd.DataFrame:
        """Cells of a CSV file as strings; see :func:`~..table_file.read_cells`.

        Blanks around the names of columns are dropped, and columns without a name.

        Raises:
            TableError: no such file, a damaged one, or without one of ``columns``.
        """
        member = path if isinstance(path, Member) else self.need(path)
        table = parse_csv(read_member(member), member, drop_unnamed=True)
        table.columns = [name.strip() for name in table]
        need_columns(table, columns, member)
        return table

    def lines(self, path: str | Member) -> list[str]:
        """Lines of a text file, without blanks around them; empty ones are dropped.

        Raises:
            TableError: no such file, or no text.
        """
        member = path if isinstance(path, Member) else self.need(path)
        try:
            text = read_member(member).decode('utf-8-sig')
        except UnicodeDecodeError as error:
            raise TableError(f'{member}: not UTF-8 ({error})') from error
        return [line.strip() for line in text.splitlines() if line.strip()]

    def _walk(
        self, folder: Path, above: tuple
    ) -> Iterator[tuple[Path, os.stat_result]]:
        """Files below a folder, sorted; hidden ones are not looked at."""
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            self._tally.fault('unreadable', 'folders', f'{folder} ({error.strerror})')
            return
        status = folder.stat()
        itself = (status.st_dev, status.st_ino)
        if itself == self._leave_out:
            return
        above = (*above, itself)
        for entry in entries:
            if entry.name.startswith('.'):
                continue
            try:
                inner = entry.stat()
            except OSError as error:  # a dangling link, or one that names itself
                name = f'{entry.path} ({error.strerror})'
                self._tally.fault('unreadable', 'links that lead nowhere', name)
                continue
            if stat.S_ISREG(inner.st_mode):
                yield Path(entry.path), inner
            elif stat.S_ISDIR(inner.st_mode):
                if (inner.st_dev, inner.st_ino) in above:
                    kind = 'links that lead back to a folder above'
                    self._tally.fault('unreadable', kind, entry.path)
                else:
                    yield from self._walk(Path(entry.path), above)

    def _list_archive(self, name: str, path: Path) -> Iterator[Member]:
        """Members of an archive; what is wrong with it becomes a fault."""
        folder = name
        for suffix in ARCHIVES:
            if name.lower().endswith(suffix):
                folder = name[: -len(suffix)]
        try:
            for inside, stamp, offset, size in list_archive(path):
                base = inside.rpartition('/')[2]
                if base.startswith('.') or inside.startswith('__MACOSX/'):
                    continue  # what a file manager adds
                if not is_safe_path(inside):
                    kind = 'names in archives that lead out of them'
                    self._tally.fault('invalid', kind, f'{path}:{inside}')
                    continue
                yield Member(f'{folder}/{inside}', path, inside, stamp, offset, size)
        except ARCHIVE_ERRORS as error:
            self._tally.fault('unreadable', 'archives', f'{path} ({error})')


def need_columns(table: pd.DataFrame, names: Iterable[str], place: object) -> None:
    """Raise ``TableError`` if the table at ``place`` lacks one of the columns."""
    for name in names:
        if name not in table:
            raise TableError(f'{place}: no column {name!r}{nearest(name, table)}')


def read_member(member: Member) -> bytes:
    """The content of a file that must be readable.

    Raises:
        TableError: it is not.
    """
    try:
        return member.read()
    except ARCHIVE_ERRORS as error:
        raise TableError(f'{member}: cannot be read ({error})') from error
