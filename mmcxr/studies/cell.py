"""One point of a sweep: a folder that remembers what its results follow from.

``cell.json`` holds the spec, which is all that the results follow from, and whether the
training has ended. A cell is done where ``results.json`` is of that spec too.
"""

import json
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from mmcxr.evaluation.functional.comparison import differences
from mmcxr.evaluation.functional.results import plain, read_results, write_results


class CellError(RuntimeError):
    """A cell that cannot run, or did not."""


class Cell(ABC):
    """Settings (those of the subclass), folder, state and results.

    Attributes:
        name: the settings in words.
        folder: of all its files.
    """

    name: str
    folder: Path

    @abstractmethod
    def find_spec(self) -> dict:
        """All that the results follow from, for JSON."""

    @abstractmethod
    def measure(self, say: Callable[[str], None]) -> None:
        """Make the results; what was begun before goes on.

        Raises:
            CellError: it cannot, or the folder is of something else.
        """

    @abstractmethod
    def accepts(self, results: dict) -> bool:
        """Whether the contents of a ``results.json`` are of this cell."""

    @cached_property
    def spec(self) -> dict:
        """As the cell begins with it; files that change later change nothing here."""
        return plain(self.find_spec())

    def state(self) -> str:
        """``new``, ``begun``, ``trained``, ``done``, or ``other`` and ``damaged``.

        A cell that was killed or failed is ``begun``, or ``trained`` if it got so far;
        ``other`` is one of another spec.
        """
        noted = self._noted()
        if not noted:
            return 'new' if noted is None else 'damaged'
        if noted['spec'] != self.spec:
            return 'other'
        if not noted['trained']:
            return 'begun'
        return 'trained' if self._accepted() is None else 'done'

    def results(self) -> dict | None:
        """Contents of ``results.json`` of a cell that is done, else None."""
        return self._accepted() if self.state() == 'done' else None

    def note(self, trained: bool) -> None:
        """Write down what the cell is, and how far."""
        write_results(self._note, dict(spec=self.spec, trained=trained))

    def check_folder(self) -> None:
        """Refuse a folder that holds something else.

        Raises:
            CellError: it does; the message says what differs.
        """
        state = self.state()
        if state == 'damaged':
            raise CellError(f'{self._note} is damaged; remove {self.folder}')
        if state == 'new' and self.folder.is_dir() and any(self.folder.iterdir()):
            raise CellError(
                f'{self.folder} is not empty and no cell of a grid; remove it, or give '
                'another work folder'
            )
        if state == 'other':
            found = list(differences(self._noted()['spec'], self.spec))
            shown = '; '.join(f'{path}: {a!r} | {b!r}' for path, a, b in found[:5])
            more = f'; and {len(found) - 5} more' if len(found) > 5 else ''
            raise CellError(
                f'{self.folder} is of another experiment ({shown}{more}); remove '
                'it, or give another work folder'
            )

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes out of the folder; commands it runs hold on to the lock.

        Raises:
            CellError: another process is at work there.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.folder, os.O_RDONLY)
        try:
            os.set_inheritable(handle, True)
            _lock(handle, self.folder)
            yield
        finally:
            os.close(handle)

    @property
    def _note(self) -> Path:
        return self.folder / 'cell.json'

    def _noted(self) -> dict | None:
        """The note, empty where it cannot be read; None where there is none."""
        try:
            noted = json.loads(self._note.read_text(encoding='utf-8'))
            if 'draw' in noted:  # of a probe, as it was written before
                noted = dict(spec=noted, trained=True)
            return dict(spec=noted['spec'], trained=noted['trained'])
        except FileNotFoundError:
            return None
        except (OSError, KeyError, TypeError, ValueError):
            return {}

    def _accepted(self) -> dict | None:
        try:
            results = read_results(self.folder / 'results.json')
        except (OSError, ValueError):
            return None
        return results if self.accepts(results) else None


def _lock(handle: int, folder: Path) -> None:
    try:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise CellError(
            f'another process is at work in {folder}; let it end, then call again'
        ) from error
    except (ImportError, OSError):  # a system, or a disk, without such locks
        return
