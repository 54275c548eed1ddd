"""Write a pack: append records, go on after a kill, become visible when whole."""

import os
import shutil
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from .data_files import TarFiles, tar_name
from .encoding import Item
from .layout import (
    RECORD,
    PackError,
    PackSettings,
    file_digest,
    key_of,
    part_folder,
    read_facts,
    settings_facts,
    settings_of,
    write_facts,
)

_SYNC_EVERY = 1 << 26  # bytes between two waits for the disk


class PackWriter:
    """Writes to ``<folder>.part``; a context, in which nobody else writes there.

    Each row that is written is noted in a journal; when writing begins again, the
    rows on which the journal and the data agree are kept.

    Args:
        folder: of the pack to be.
        settings: how it is packed; those of an unfinished pack must be the same.
        shard_bytes: of a tar file, where there may be several.

    Raises:
        PackError: another process writes it, or it was begun with other settings.
    """

    def __init__(self, folder: Path, settings: PackSettings, shard_bytes: int):
        self.folder = folder
        self.settings = settings
        self.part = part_folder(folder)
        self._journal = self.part / 'journal.bin'
        self._rows: list[np.ndarray] = []
        self._unsynced = 0
        self._data = TarFiles(self.part, shard_bytes if settings.webdataset else None)

    def __enter__(self) -> 'PackWriter':
        self.part.mkdir(parents=True, exist_ok=True)
        self._lock = (self.part / 'lock').open('w')
        _lock(self._lock, self.part)
        wanted = settings_facts(self.settings)
        if not (self.part / 'pack.json').exists():
            write_facts(self.part, dict(settings=wanted))
        begun = settings_of(read_facts(self.part))
        if settings_facts(begun) != wanted:
            raise PackError(
                f'{self.part}: begun with other settings ({begun}); give those again, '
                'or remove it'
            )
        return self

    def __exit__(self, *exception) -> None:
        self._data.close()
        self._lock.close()

    def resume(self, rows: Iterable[Sequence[Item]]) -> int:
        """Keep what was written before of these rows and is still up to date.

        Returns:
            How many rows, from the first on, need not be added again.
        """
        known = self._noted()
        for items, records in zip(rows, known, strict=False):
            wanted = [(key_of(item.name), *item.source) for item in items]
            if wanted != [(int(r['key']), *r['source'].tolist()) for r in records]:
                break
            self._rows.append(records)
        self._drop_unwritten()
        with self._journal.open('wb') as journal:
            journal.writelines(records.tobytes() for records in self._rows)
        last = self._rows[-1][-1] if self._rows else np.zeros((), RECORD)
        self._data.go_to(int(last['file']), int(last['offset'] + last['length']))
        return len(self._rows)

    def add(self, items: Sequence[Item]) -> None:
        """Append the records of the next row."""
        records = np.zeros(len(items), RECORD)
        records['file'], records['offset'] = self._data.append(len(self._rows), items)
        for record, item in zip(records, items, strict=True):
            record['key'] = key_of(item.name)
            record['length'], record['crc'] = len(item.data), zlib.crc32(item.data)
            record['stored'], record['full'] = item.stored, item.full
            record['source'] = item.source
        records['last'][-1] = 1
        self._unsynced += int(records['length'].sum())
        self._data.flush(to_disk=self._unsynced > _SYNC_EVERY)
        self._unsynced %= _SYNC_EVERY
        with self._journal.open('ab') as journal:
            journal.write(records.tobytes())
        self._rows.append(records)

    def finish(self, facts: dict) -> None:
        """Write the index and ``pack.json`` with more facts; the pack takes its place.

        Raises:
            PackError: two names have one key.
        """
        self._data.close()
        records = np.concatenate(self._rows)
        records = records[np.argsort(records['key'], kind='stable')]
        if (records['key'][1:] == records['key'][:-1]).any():
            raise PackError(f'{self.folder}: two names share a key; rename an image')
        np.save(self.part / 'records.npy', records)
        np.save(self.part / 'keys.npy', np.ascontiguousarray(records['key']))
        files = sorted(self.part.glob('*.tar'))
        index = ('keys.npy', 'records.npy')
        facts = dict(
            settings=settings_facts(self.settings),
            **facts,
            files=[dict(name=f.name, bytes=f.stat().st_size) for f in files],
            digests={name: file_digest(self.part / name) for name in index},
        )
        write_facts(self.part, facts)
        for name in ('journal.bin', 'lock'):
            (self.part / name).unlink()
        _replace(self.part, self.folder)

    def _noted(self) -> list[np.ndarray]:
        """Records of each row in the journal; the last may have been cut short."""
        content = self._journal.read_bytes() if self._journal.exists() else b''
        whole = len(content) // RECORD.itemsize * RECORD.itemsize
        records = np.frombuffer(content[:whole], RECORD)
        ends = np.flatnonzero(records['last']) + 1
        return np.split(records, ends)[:-1]

    def _drop_unwritten(self) -> None:
        """Forget the last rows as far as the disk may not have got their data."""
        checked = 0
        for place in reversed(range(len(self._rows))):
            if checked > 2 * _SYNC_EVERY:
                break
            if all(self._is_written(record) for record in self._rows[place]):
                checked += int(self._rows[place]['length'].sum())
            else:
                del self._rows[place:]
                checked = 0

    def _is_written(self, record: np.void) -> bool:
        path = self.part / tar_name(record['file'])
        if not path.is_file():
            return False
        with path.open('rb') as file:
            file.seek(int(record['offset']))
            data = file.read(int(record['length']))
        return len(data) == record['length'] and zlib.crc32(data) == record['crc']


def _replace(part: Path, folder: Path) -> None:
    """Put ``part`` in the place of ``folder``; who reads the old one goes on."""
    if folder.exists():
        old = folder.with_name(f'{folder.name}.old')
        shutil.rmtree(old, ignore_errors=True)
        os.replace(folder, old)
        os.replace(part, folder)
        shutil.rmtree(old)
    else:
        os.replace(part, folder)


def _lock(file, folder: Path) -> None:
    try:
        import fcntl
    except ImportError:  # a system without such locks
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise PackError(f'{folder}: another process is writing this pack') from error
