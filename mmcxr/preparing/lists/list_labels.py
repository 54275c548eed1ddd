"""What published lists say of labels, beside what the table says."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from mmcxr.datasets.tables.table_file import read_cells
from mmcxr.preparing.writing import Tally, write_csv

from .split_lists import SplitLists

_OPPOSITE = 'listed labels that the table contradicts'
_UNCERTAIN = 'listed labels of which the table is uncertain'
_EMPTY = 'listed labels that are empty in the table'


def listed_labels(
    one: SplitLists, rows: pd.DataFrame, table: pd.DataFrame, tally: Tally
) -> Iterator[tuple[int, str, int]]:
    """(row of the table, column, 0 or 1) for each label in a set of lists.

    A class that is called as a column of the table is a 1 in that column.

    Args:
        one: the lists, without faulty labels.
        rows: lines of the lists, with the column ``row``.
        table: as read.
        tally: notes columns that the table lacks.
    """
    for column in one.labels:
        if column not in table:
            tally.note('label columns that the table lacks', column)
            continue
        known = rows[rows[column].isin(['0', '1'])]
        for row, label in zip(known['row'], known[column], strict=True):
            yield row, column, int(label)
    for column in one.categories:
        for name, group in rows.groupby(column, sort=False):
            if name in table:
                yield from ((row, name, 1) for row in group['row'])


def compare_labels(
    labels: set[tuple[int, str, int]], table: pd.DataFrame, tally: Tally
) -> None:
    """Note what the table contradicts, is uncertain of or does not know."""
    for row, column, label in sorted(labels):
        ours = table[column].iloc[row]
        text = f'{table["image"].iloc[row]} ({column} {label})'
        if ours == 1 - label:
            tally.note(_OPPOSITE, text)
        elif ours == -1:
            tally.note(_UNCERTAIN, text)
        elif np.isnan(ours):
            tally.note(_EMPTY, text)


def fill_labels(
    path: Path, labels: set[tuple[int, str, int]], table: pd.DataFrame, tally: Tally
) -> None:
    """Write listed labels into the cells of a table file that are empty.

    A cell that the lists fill differently stays empty and is noted.

    Args:
        path: of the table.
        labels: (row, column, 0 or 1).
        table: as read from it.
        tally: notes what was filled.
    """
    wanted: dict[tuple[int, str], set[int]] = {}
    for row, column, label in labels:
        if np.isnan(table[column].iloc[row]):
            wanted.setdefault((row, column), set()).add(label)
    if not wanted:
        return
    cells = read_cells(path)
    for (row, column), said in sorted(wanted.items()):
        text = f'{table["image"].iloc[row]} ({column})'
        if len(said) > 1:
            tally.note('empty labels that the lists fill differently, left', text)
            continue
        cells.iloc[row, cells.columns.get_loc(column)] = str(said.pop())
        tally.note('empty labels filled from the lists', text)
    write_csv(path, cells)
