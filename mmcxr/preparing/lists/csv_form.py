"""The CSV files that cxrlearn fine-tunes on: read, checked, a row per film.

A file per split, with a header: one column of film paths and label columns whose names
the command line gives, perhaps one of patient ids. cxrlearn knows neither uncertain
nor unknown labels, nor patients; here -1 is uncertain and an empty cell unknown.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from mmcxr.datasets.tables.table import label_columns
from mmcxr.datasets.tables.table_file import TableError, read_cells
from mmcxr.preparing.source import need_columns

from .csv_labels import csv_labels

_OURS = {'path', 'split', 'place'}  # columns of a listing beside those of a table


@dataclass(frozen=True)
class CSVColumns:
    """Columns of the files.

    Args:
        path: of the film.
        classes: of the labels.
        patient: of patient ids; None where there is none.
    """

    path: str
    classes: Sequence[str]
    patient: str | None = None


def read_listing(
    files: Mapping[str, str | Path], columns: CSVColumns
) -> tuple[pd.DataFrame, list[str], bool]:
    """All rows of the files.

    Args:
        files: CSV files by split.
        columns: to read.

    Returns:
        ``path`` (as it is written), ``patient_id``, ``split``, ``place`` ("file: row
        number") and a column for each class, as :func:`csv_labels` gives them; the
        classes; and whether exactly one is true of each film.

    Raises:
        TableError: no such file or column, no rows, no path, a cell that is no label,
            or a class that cannot be called so.
    """
    tables = {
        split: (Path(path), read_cells(Path(path))) for split, path in files.items()
    }
    for path, table in tables.values():
        patient = [columns.patient] if columns.patient else []
        need_columns(table, (columns.path, *columns.classes, *patient), path)
    labels, exclusive = csv_labels(tables, columns.classes)
    first = next(iter(labels.values()))
    if taken := sorted(set(first) - set(label_columns(first)) | set(first) & _OURS):
        raise TableError(
            f'{tables[next(iter(tables))][0]}: a class cannot be called {taken[0]!r}, '
            'which is no label in a table of ours; rename the column'
        )
    rows = [
        pd.concat([_facts(path, table, split, columns), labels[split]], axis=1)
        for split, (path, table) in tables.items()
    ]
    return pd.concat(rows, ignore_index=True), list(first), exclusive


def merge_rows(listed: pd.DataFrame, classes: Sequence[str]) -> pd.DataFrame:
    """One row per film, of what :func:`read_listing` gives: path, patient and labels.

    Raises:
        TableError: two rows of a film say different things.
    """
    facts = ['path', 'patient_id', *classes]
    films = listed.drop_duplicates(facts)
    again = films.duplicated('path')
    if again.any():
        row = films[again].iloc[0]
        first = films[films['path'] == row['path']].iloc[0]
        raise TableError(
            f'{row["place"]}: {row["path"]!r} has other labels or another patient than '
            f'in {first["place"]}; correct one of them'
        )
    return films[facts].copy()


def _facts(
    path: Path, table: pd.DataFrame, split: str, columns: CSVColumns
) -> pd.DataFrame:
    """Film and patient of each row, and where it is from."""
    if len(table) == 0:
        raise TableError(f'{path}: has no rows')
    films = table[columns.path].str.strip()
    if (films == '').any():
        row = np.flatnonzero(films == '')[0] + 1
        raise TableError(f'{path}: row {row}, column {columns.path!r}: is empty')
    patients = table[columns.patient].str.strip() if columns.patient else ''
    place = [f'{path}: row {row}' for row in range(1, len(table) + 1)]
    facts = dict(path=films, patient_id=patients, split=split, place=place)
    return pd.DataFrame(facts, table.index)
