"""The table of a converted dataset, one row per image.

A dataset is a folder with ``images/``, ``masks/`` and ``table.csv`` (or
``table.csv.gz``, ``table.parquet``). Columns:

- ``image``: path under ``images/``, with ``/``; names the row, so it is unique.
- ``patient_id``, ``study_id``: any text. Empty: unknown, and the image counts as a
  patient or study of its own (both are then filled with ``image``).
- ``view``: PA, AP, LATERAL or empty; ``sex``: M, F, O or empty; ``age``: years.
- ``findings``, ``impression``: sections of the report; ``findings_augmented``,
  ``impression_augmented``: their back-translations.
- ``report``: the whole text, from the title to the signature, on one line. Where it
  is empty, findings and impression together stand for it.
- ``mask`` and any ``mask_*``: PNG under ``masks/`` or empty.
- ``boxes``: JSON list of [x, y, width, height, label], pixels of the stored image.
- ``extra_*``: further facts (licence, day, ...), kept as text.
- Every other column is a label: 1 present, 0 absent, -1 uncertain, empty unknown.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from .table_checks import (
    check_age,
    check_paths,
    check_unique,
    check_values,
    nearest,
    parse_boxes,
    parse_labels,
)
from .table_file import TableError, read_cells

TABLE_NAMES = ('table.csv', 'table.csv.gz', 'table.parquet')
IDS = ('image', 'patient_id', 'study_id')
SECTIONS = ('findings', 'impression')
VIEWS = ('PA', 'AP', 'LATERAL', '')
SEXES = ('M', 'F', 'O', '')
FACTS = (
    'view',
    'sex',
    'age',
    *SECTIONS,
    *(f'{section}_augmented' for section in SECTIONS),
    'report',
    'mask',
    'boxes',
)


class MissingTable(TableError, FileNotFoundError):
    """There is no table where one is looked for."""


def read_table(root: str | Path, check_files: int = 0) -> pd.DataFrame:
    """Read and check the table of the dataset in folder ``root``.

    Args:
        root: folder that holds the table.
        check_files: how many rows, evenly spread, must have their image and masks
            on disk; -1 is all of them (slow over a network).

    Returns:
        Rows in the file's order, none left out, with a column for each name in
        :data:`IDS` and :data:`FACTS`; labels float32 with NaN for unknown, ``boxes``
        lists, everything else strings that are never missing.

    Raises:
        MissingTable: no such folder, or no table in it.
        TableError: anything else wrong; the message names file, row and column.
    """
    path = find_table(root)
    table = read_cells(path)
    for name in IDS:
        if name not in table:
            raise TableError(
                f'{path}: no column {name!r}{nearest(name, table.columns)}; it has '
                f'{", ".join(table.columns)}'
            )
    if len(table) == 0:
        raise TableError(f'{path}: has no rows; convert the dataset again')
    check_paths(table, 'image', 'images', path)
    check_unique(table, path)
    labels = {name: parse_labels(table, name, path) for name in label_columns(table)}
    absent = {name: '' for name in FACTS if name not in table}
    table = table.assign(**labels, **absent)
    for name in mask_columns(table):
        check_paths(table, name, 'masks', path)
    check_values(table, 'view', VIEWS, path)
    check_values(table, 'sex', SEXES, path)
    check_age(table, path)
    table['boxes'] = parse_boxes(table, path)
    for name in ('patient_id', 'study_id'):
        table[name] = table[name].where(table[name] != '', table['image'])
    if check_files:
        _check_files(table, path, check_files)
    return table


def find_table(root: str | Path) -> Path:
    """Path of the one table file in folder ``root``."""
    root = Path(root)
    if not root.is_dir():
        raise MissingTable(f'{root}: no such folder')
    found = [root / name for name in TABLE_NAMES if (root / name).is_file()]
    if not found:
        raise MissingTable(f'{root}: holds none of {", ".join(TABLE_NAMES)}')
    if len(found) > 1:
        names = ' and '.join(path.name for path in found)
        raise TableError(f'{root}: holds {names}; keep the one that is right')
    return found[0]


def label_columns(table: pd.DataFrame) -> list[str]:
    """Names of the label columns, in the table's order."""
    known = {*IDS, *FACTS}
    return [
        name
        for name in table.columns
        if name not in known and not name.startswith(('mask_', 'extra_'))
    ]


def mask_columns(table: pd.DataFrame) -> list[str]:
    """Names of the mask columns, in the table's order."""
    return [name for name in table if name == 'mask' or name.startswith('mask_')]


def missing_files(root: str | Path, table: pd.DataFrame) -> list[Path]:
    """Images and masks that the rows of ``table`` name and the disk lacks."""
    root = Path(root)
    wanted = [root / 'images' / image for image in table['image']]
    for name in mask_columns(table):
        wanted += [root / 'masks' / mask for mask in table[name] if mask]
    return [path for path in wanted if not path.is_file()]


def _check_files(table: pd.DataFrame, path: Path, num: int) -> None:
    num = len(table) if num < 0 else min(num, len(table))
    rows = np.unique(np.linspace(0, len(table) - 1, num).astype(int))
    gone = missing_files(path.parent, table.iloc[rows])
    if gone:
        raise TableError(
            f'{path}: {len(gone)} files of the {len(rows)} rows looked at are not '
            f'there, the first {gone[0]}; copy them or convert again'
        )
