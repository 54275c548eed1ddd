"""Labels in cxrlearn's CSV form: findings of 1 and 0, or one column of classes."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from mmcxr.datasets.tables.table_file import TableError
from mmcxr.preparing.readers.labeller import read_labels

_UNKNOWN = ('', '-1', '-1.0')
_BINARY = ('0', '1', '0.0', '1.0')


def csv_labels(
    tables: Mapping[str, tuple[Path, pd.DataFrame]], columns: Sequence[str]
) -> tuple[dict[str, pd.DataFrame], bool]:
    """Labels of each split, a column for each class.

    A single column with other values than 1, 0, -1 and empty is one of exclusive
    classes; each value becomes a class, called "<column> <value>". In it -1 and empty
    mean that the class is not known.

    Args:
        tables: split -> file and cells, which have the columns.
        columns: of the labels.

    Returns:
        split -> (N, C) of 1, 0, -1 (uncertain) and '' (unknown); and whether exactly
        one class is true of each film.

    Raises:
        TableError: a cell is no label, or a class is not in the training films.
    """
    if len(set(columns)) < len(columns):
        raise TableError(f'a class column is named twice: {", ".join(columns)}')
    values = _exclusive_values(tables, columns)
    if values:
        labels = {
            split: _one_hot(table[columns[0]].map(_number), columns[0], values)
            for split, (_, table) in tables.items()
        }
    else:
        labels = {
            split: pd.DataFrame(read_labels(table, columns, path), table.index)
            for split, (path, table) in tables.items()
        }
    return labels, bool(values)


def _exclusive_values(tables: Mapping, columns: Sequence[str]) -> list[str]:
    """Values of the only column if it is one of exclusive classes, else none."""
    if len(columns) != 1:
        return []
    cells = {
        _number(cell)
        for _, table in tables.values()
        for cell in table[columns[0]].unique()
    }
    values = sorted(cells - set(_UNKNOWN), key=_order)
    return [] if set(values) <= set(_BINARY) else values


def _number(cell: str) -> str:
    """A whole number without its point, which pandas writes beside empty cells."""
    cell = cell.strip()
    whole = cell.removesuffix('.0')
    return whole if whole.lstrip('-').isdigit() else cell


def _order(value: str) -> tuple:
    number = value.lstrip('-').isdigit()
    return (0, int(value), '') if number else (1, 0, value)


def _one_hot(cells: pd.Series, name: str, values: list[str]) -> pd.DataFrame:
    known = ~cells.isin(_UNKNOWN)
    return pd.DataFrame(
        {
            f'{name} {value}': np.where(known, (cells == value).astype(int), '')
            for value in values
        },
        cells.index,
    ).map(lambda cell: int(cell) if cell else '')
