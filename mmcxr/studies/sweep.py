"""Cells one after the other: what is done is kept, what fails leaves the others."""

from collections.abc import Callable
from typing import TypeVar

from .cell import Cell, CellError

Say = Callable[[str], None]
Found = TypeVar('Found')


class Sweep:
    """Runs cells and keeps a message for each failure, by the cell's name.

    Args:
        leaves: exceptions that leave the other cells to run; others end the sweep.
    """

    def __init__(self, leaves: tuple[type[Exception], ...] = (CellError,)):
        self.leaves = leaves
        self.failures: list[str] = []

    def run(self, cell: Cell, say: Say) -> dict | None:
        """Results of a cell, found or made; None of one that failed."""

        def results() -> dict:
            if found := cell.results():
                say('finished before')
                return found
            with cell.locked():
                cell.measure(say)
            if (found := cell.results()) is None:
                raise CellError('the test left no results.json of this cell')
            return found

        return self.attempt(cell.name, results, say)

    def attempt(self, name: str, action: Callable[[], Found], say: Say) -> Found | None:
        """What an action returns; None of one that failed, which is told."""
        try:
            return action()
        except self.leaves as error:
            # str() of a KeyError is the repr of what it says.
            said = (
                error.args[0] if isinstance(error, KeyError) and error.args else error
            )
            message = ' '.join(str(said).split()) or type(error).__name__
            self.failures.append(f'{name}: {message}')
            say(f'failed: {message}')
            return None
