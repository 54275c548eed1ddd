"""Checks of the cells of a table; each refusal names file, row and column."""

import difflib
import json
import math
import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from .table_file import TableError

_LABELS = {'1': 1, '0': 0, '-1': -1, '1.0': 1, '0.0': 0, '-1.0': -1, '': math.nan}
_LABEL_WORDS = {
    '1': ('true', 'yes', 'y', 't', 'p', 'pos', 'positive', 'present', '+'),
    '0': ('false', 'no', 'n', 'f', 'neg', 'negative', 'absent', '-'),
    '-1': ('uncertain', 'u', 'unc', 'possible', 'maybe', 'equivocal'),
}
_VALUE_FIXES = {
    **dict.fromkeys(('L', 'LL', 'RL', 'LAT'), 'LATERAL'),
    **{'MALE': 'M', 'FEMALE': 'F', 'OTHER': 'O'},
}
# An empty component is a leading, trailing or doubled slash.
_BAD_PATH = r'(?:^|/)\.{0,2}(?:/|$)|\\|^[A-Za-z]:|\x00'


def nearest(name: str, choices: Iterable[str]) -> str:
    """' (did you mean ...?)' for the choice most like ``name``, or nothing."""
    lower = {str(choice).lower(): str(choice) for choice in choices}
    found = difflib.get_close_matches(str(name).lower(), lower, n=1)
    return f' (did you mean {lower[found[0]]!r}?)' if found else ''


def is_safe_path(name: str) -> bool:
    """Whether a path stays under the folder it is read in, and is written plainly."""
    return re.search(_BAD_PATH, name) is None


def refuse_rows(
    table: pd.DataFrame, bad: np.ndarray, column: str, path: Path, fault: str
) -> None:
    """Raise TableError for the first bad row, if there is one.

    Args:
        table: N rows with a column ``image``.
        bad: (N,) bool.
        column: name of the column at fault.
        path: of the table.
        fault: what is wrong with the first bad cell, and what to do.
    """
    rows = np.flatnonzero(bad)
    if len(rows) == 0:
        return
    more = f' (and {len(rows) - 1} more rows)' if len(rows) > 1 else ''
    raise TableError(
        f'{path}: row {rows[0] + 1} (image {table["image"].iloc[rows[0]]!r}), column '
        f'{column!r}: {fault}{more}'
    )


def check_unique(table: pd.DataFrame, path: Path) -> None:
    """Each image names one row."""
    again = table['image'].duplicated()
    if again.any():
        image = table['image'][again].iloc[0]
        rows = np.flatnonzero(table['image'] == image) + 1
        raise TableError(
            f'{path}: image {image!r} is in rows {", ".join(map(str, rows))}; one row '
            f'per image: merge or remove them ({again.sum()} repeated rows in all)'
        )


def check_paths(table: pd.DataFrame, column: str, folder: str, path: Path) -> None:
    """Paths stay under their folder; a cell may be empty but for ``image``."""
    cells = table[column]
    bad = cells.str.contains(_BAD_PATH, regex=True)
    if column != 'image':
        bad &= cells != ''
    fault = (
        f'{_first(cells, bad)!r} is not a path under {folder}/; write it with single '
        '/ and without a leading /, . or ..'
    )
    refuse_rows(table, bad, column, path, fault)


def check_values(
    table: pd.DataFrame, column: str, allowed: tuple[str, ...], path: Path
) -> None:
    """Cells are among ``allowed``."""
    cells = table[column]
    bad = ~cells.isin(allowed)
    cell = _first(cells, bad)
    word = (cell.upper().split() or [''])[0]
    fix = _VALUE_FIXES.get(word, word)
    hint = f'; write {fix}' if fix and fix in allowed else ''
    shown = ', '.join(value or 'empty' for value in allowed)
    refuse_rows(table, bad, column, path, f'{cell!r} is none of {shown}{hint}')


def check_age(table: pd.DataFrame, path: Path) -> None:
    """Ages are numbers or empty."""
    bad = ~table['age'].str.fullmatch(r'(\d+(\.\d*)?)?')
    cell = _first(table['age'], bad)
    digits = re.sub(r'^0+(?=\d)', '', re.sub(r'\D', '', cell)) or 'nothing'
    fault = f'{cell!r} is no age in years; write {digits}'
    refuse_rows(table, bad, 'age', path, fault)


def parse_labels(table: pd.DataFrame, column: str, path: Path) -> pd.Series:
    """(N,) float32 of 1, 0, -1 and NaN."""
    codes, cells = pd.factorize(table[column])
    bad = np.array([cell not in _LABELS for cell in cells])[codes]
    cell = _first(table[column], bad)
    fault = (
        f'{cell!r} is no label (1 present, 0 absent, -1 uncertain, empty unknown); '
        f'write {_label_fix(cell)}, or name the column {"extra_" + column!r} if it '
        'holds something else'
    )
    refuse_rows(table, bad, column, path, fault)
    values = np.array([_LABELS[cell] for cell in cells], np.float32)
    return pd.Series(values[codes], index=table.index)


def parse_boxes(table: pd.DataFrame, path: Path) -> pd.Series:
    """Lists of [x, y, width, height, label]."""
    cells = table['boxes']
    boxes = [[] for _ in range(len(table))]
    for row in np.flatnonzero(cells != ''):
        try:
            boxes[row] = json.loads(cells.iloc[row])
        except ValueError:
            boxes[row] = None
        if not _are_boxes(boxes[row]):
            fault = (
                f'{cells.iloc[row][:60]!r} is not a JSON list of '
                '[x, y, width, height, "label"]'
            )
            refuse_rows(table, np.arange(len(table)) == row, 'boxes', path, fault)
    return pd.Series(boxes, index=table.index, dtype=object)


def _first(cells: pd.Series, bad: np.ndarray | pd.Series) -> str:
    return cells[bad].iloc[0] if bad.any() else ''


def _label_fix(cell: str) -> str:
    word = cell.strip().lower()
    for fix, words in _LABEL_WORDS.items():
        if word in (*words, fix, f'{fix}.0'):
            return fix
    return 'nothing (unknown)'


def _are_boxes(boxes: object) -> bool:
    return isinstance(boxes, list) and all(
        isinstance(box, list)
        and len(box) == 5
        and all(type(x) in (int, float) and math.isfinite(x) for x in box[:4])
        and min(box[2:4]) > 0
        and isinstance(box[4], str)
        for box in boxes
    )
