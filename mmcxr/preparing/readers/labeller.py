"""Labels as the CheXpert and NegBio labellers write them."""

from collections.abc import Iterable

import pandas as pd

from mmcxr.datasets.tables.table_file import TableError
from mmcxr.preparing.source import need_columns

_VALUES = {'1.0': 1, '0.0': 0, '-1.0': -1, '1': 1, '0': 0, '-1': -1, '': ''}


def read_labels(table: pd.DataFrame, names: Iterable[str], place: object) -> list[dict]:
    """Labels of each row by name: 1, 0, -1 (uncertain) or '' (not mentioned).

    Args:
        table: N rows of strings.
        names: of the columns.
        place: of the table, for messages.

    Raises:
        TableError: no such column, or another cell; names row and column.
    """
    names = list(names)
    need_columns(table, names, place)
    labels = {}
    for name in names:
        bad = ~table[name].isin(_VALUES).to_numpy()
        if bad.any():
            row = int(bad.argmax())
            raise TableError(
                f'{place}: row {row + 1}, column {name!r}: {table[name].iloc[row]!r} '
                'is none of 1, 0, -1 and empty'
            )
        labels[name] = table[name].map(_VALUES)
    return pd.DataFrame(labels).to_dict('records')
