"""What of a conversion is done, so that a killed one goes on where it was.

``.conversion/`` in the folder of the dataset holds the journal (a line of JSON per
film, written when its files are in place), unfinished files under ``parts/``, and,
of a finished conversion, ``made.json``: how it was made.
"""

import json
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from mmcxr.datasets.tables.table_file import TableError

from .placing import Placed
from .writing import write_text


class Journal:
    """Journal of the dataset in folder ``root``; a context, in which it is locked.

    Raises:
        TableError: another conversion writes to the folder.
    """

    def __init__(self, root: Path):
        self.root = root
        self._path = root / '.conversion/journal.jsonl'
        self._known: dict[str, Placed] = {}
        self._files: dict[str, int | str] = {}  # all that was ever written

    def __enter__(self) -> 'Journal':
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._path.open('a', encoding='utf-8')
        _lock(self._file, self.root)
        shutil.rmtree(self.root / '.conversion/parts', ignore_errors=True)
        for line in self._path.read_text(encoding='utf-8').split('\n'):
            try:
                placed = Placed(**json.loads(line))
            except (ValueError, TypeError):
                continue  # the line that was being written when the end came
            self._known[placed.image] = placed
            self._files |= placed.files
        return self

    def __exit__(self, *exception) -> None:
        shutil.rmtree(self.root / '.conversion/parts', ignore_errors=True)
        self._file.close()

    def done(self, image: str, key: str) -> Placed | None:
        """What became of a film, if that is still how it is wanted and all there."""
        placed = self._known.get(image)
        if placed is None or placed.key != key:
            return None
        found = all(
            _is_there(self.root / name, size) for name, size in placed.files.items()
        )
        return placed if found else None

    def add(self, placed: Placed) -> None:
        """Note a film; it survives the end of this process."""
        # The empty line before it ends one that was cut short.
        self._file.write(f'\n{placed.line()}\n')
        self._file.flush()

    def finish(self, placed: Iterable[Placed], made: dict) -> None:
        """Note how the dataset was made, and write the journal anew, of these films.

        Files that an earlier conversion wrote and nothing wants any more are removed.
        Neither happens to what a limited conversion leaves out.
        """
        placed = list(placed)
        if made['limit'] is None:
            wanted = {name for one in placed for name in one.files}
            for name, size in self._files.items():
                if name not in wanted and _is_there(self.root / name, size):
                    (self.root / name).unlink()
            write_text(self._path, ''.join(f'{one.line()}\n' for one in placed))
        write_text(self._path.with_name('made.json'), as_json(made))


def read_made(root: Path) -> dict:
    """How the dataset in folder ``root`` was made; empty: not by a converter."""
    path = root / '.conversion/made.json'
    if not path.is_file():
        return {}
    try:
        return json.loads(path.read_text(encoding='utf-8'))
    except ValueError as error:
        raise TableError(f'{path}: {error}; convert the dataset again') from error


def as_json(value: dict) -> str:
    """JSON for people."""
    return json.dumps(value, indent=1, ensure_ascii=False) + '\n'


def _is_there(path: Path, size: int | str) -> bool:
    if isinstance(size, str):
        return path.is_symlink() and os.readlink(path) == size and path.is_file()
    return path.is_file() and not path.is_symlink() and path.stat().st_size == size


def _lock(file, root: Path) -> None:
    try:
        import fcntl
    except ImportError:  # a system without such locks
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise TableError(f'{root}: another conversion is writing to it') from error
