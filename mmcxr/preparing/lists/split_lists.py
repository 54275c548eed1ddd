"""Lists of images by split, as published: no image and no table is needed."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from mmcxr.datasets.tables.table_file import TableError, read_cells

from .list_columns import LABEL_CELLS, find_columns, name_columns, split_cell
from .list_pickle import read_json, read_json_lines, read_pickle
from .list_splits import one_split_a_row
from .list_text import IMAGE_SUFFIX, read_text

_PICKLES = ('.p', '.pkl', '.pickle')
_TEXTS = ('.txt', '.csv', '.tsv', '.lst', '.list')
_LINES = ('.jsonl', '.ndjson')
_NO_LISTS = ('readme', 'license', 'requirements')
_SUFFIXES = (*_PICKLES, *_TEXTS, *_LINES, '.json', '.gz', '.parquet')
_ROW = ('image', 'split', 'patient', 'file', 'line', 'row', 'place')


@dataclass(frozen=True)
class SplitLists:
    """The lists of one split of a dataset into train, val, test and fractions.

    Args:
        name: of the lists, for messages.
        rows: one row per line, in the order of the files: ``image`` as listed,
            ``split``, ``patient`` ('' where the list does not say), ``file`` (name),
            ``line`` (in it, from 1) and the columns of :attr:`labels` and
            :attr:`categories`, all strings.
        labels: columns of 1, 0, -1 and '', but for the cells of :meth:`faulty`.
        categories: columns of texts, such as a class.
    """

    name: str
    rows: pd.DataFrame
    labels: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()

    @property
    def splits(self) -> list[str]:
        """Names of the splits, in the order of the files."""
        return list(dict.fromkeys(self.rows['split']))

    def of(self, split: str) -> pd.DataFrame:
        """Rows of one split."""
        return self.rows[self.rows['split'] == split]

    def faulty(self) -> pd.DataFrame:
        """Label cells that are no label: image, split, file, line, column, cell."""
        rows = self.rows
        found = []
        for column in self.labels:
            bad = rows[~rows[column].isin(['1', '0', '-1', ''])]
            found.append(
                bad[['image', 'split', 'file', 'line']].assign(
                    column=column, cell=bad[column]
                )
            )
        columns = ['image', 'split', 'file', 'line', 'column', 'cell']
        return pd.concat(found) if found else pd.DataFrame(columns=columns)


def read_split_lists(
    name: str, files: Mapping[str, str | Path], labels: Sequence[str] = ()
) -> SplitLists:
    """Read lists of any form.

    Text with one film a line (and labels behind it), CSV of any separator with or
    without a header, pickles and JSON of nested containers, JSON lines, parquet. Where
    a file has a column of splits, or one for each split, its rows go there and its key
    is not used. Of a folder all lists are read, or the names of all images below it;
    their class is the list they are in, or the folder.

    Args:
        name: of the lists.
        files: path by split.
        labels: names of the label columns, where the files do not say.

    Raises:
        TableError: a file that cannot be read, an odd line, an empty name or split,
            another number of label columns than ``labels``.
    """
    parts = []
    for split, path in files.items():
        read = _read_folder if Path(path).is_dir() else _read_file
        parts += read(Path(path), split, labels)
    names = [dict.fromkeys(n for part in parts for n in part[i]) for i in (1, 2)]
    # What one file takes for labels and another for classes is a class.
    names[0] = [name for name in names[0] if name not in names[1]]
    rows = pd.concat([part for part, _, _ in parts], ignore_index=True).fillna('')
    return SplitLists(name, rows, tuple(names[0]), tuple(names[1]))


def _read_file(
    path: Path, split: str, names: Sequence[str]
) -> list[tuple[pd.DataFrame, tuple[str, ...], tuple[str, ...]]]:
    """(rows, label columns, columns of texts) of a list."""
    cells = one_split_a_row(read_list_cells(path))
    columns = find_columns(cells, split == 'all') if len(cells) else None
    if columns is None:
        raise TableError(
            f'{path}: no column names images; it has {", ".join(map(str, cells))}'
        )
    image = cells[columns.image].str.strip().str.replace('\\', '/')
    given = cells[columns.split].map(split_cell) if columns.split else split
    rows = pd.DataFrame(
        dict(
            image=image.str.replace(r'^(\./)+', '', regex=True),
            split=given,
            patient=cells[columns.patient] if columns.patient else '',
            file=path.name,
            line=cells.index,
        )
    )
    for column in ('image', 'split'):
        empty = np.flatnonzero(rows[column] == '')
        if len(empty):
            raise TableError(
                f'{path}: line {rows["line"].iloc[empty[0]]}: the {column} is empty'
            )
    labels = _named(columns.labels, names, path)
    categories = _named(columns.categories, (), path)
    for new, old in labels.items():
        codes, found = pd.factorize(cells[old])
        spelt = [LABEL_CELLS.get(cell, cell) for cell in found]
        rows[new] = np.array(spelt, object)[codes]
    for new, old in categories.items():
        rows[new] = cells[old]
    return [(rows, tuple(labels), tuple(categories))]


def _read_folder(
    folder: Path, split: str, names: Sequence[str]
) -> list[tuple[pd.DataFrame, tuple[str, ...], tuple[str, ...]]]:
    """The same of all lists in a folder, or of the images below it."""
    lists = [path for path in sorted(folder.iterdir()) if is_list(path)]
    if lists:
        return [
            (
                rows.assign(**{'class': path.name.split('.')[0]}),
                labels,
                ('class', *texts),
            )
            for path in lists
            for rows, labels, texts in _read_file(path, split, names)
        ]
    images = [
        Path(top, name).relative_to(folder.parent)
        for top, _, found in os.walk(folder)
        for name in found
        if IMAGE_SUFFIX.search(name)
    ]
    if not images:
        raise TableError(f'{folder}: holds neither lists nor images')
    images = sorted(images)
    rows = pd.DataFrame(
        {
            'image': [path.as_posix() for path in images],
            'split': split,
            'patient': '',
            'file': folder.name,
            'line': range(1, len(images) + 1),
            'class': [path.parent.name for path in images],
        }
    )
    return [(rows, (), ('class',))]


def is_list(path: Path) -> bool:
    """Whether a file may be a list, by its name."""
    named = path.suffix.lower() in _SUFFIXES and not IMAGE_SUFFIX.search(path.stem)
    return named and path.stem.lower() not in _NO_LISTS


def read_list_cells(path: Path) -> pd.DataFrame:
    """Strings of a list of any form under the names of its columns, by line.

    Raises:
        TableError: a file that cannot be read, or an odd line.
    """
    if path.suffix in ('.gz', '.parquet'):
        cells = read_cells(path)
        return cells.set_axis(range(2, len(cells) + 2))
    try:
        data = path.read_bytes()
    except OSError as error:
        raise TableError(f'{path}: cannot be read ({error.strerror})') from error
    if data.startswith(b'\x80') or path.suffix.lower() in _PICKLES:
        return read_pickle(data, path)
    if path.suffix.lower() == '.json':
        return read_json(data, path)
    if path.suffix.lower() in _LINES:
        return read_json_lines(data, path)
    return name_columns(read_text(data, path))


def _named(columns: Sequence[str], names: Sequence[str], path: Path) -> dict[str, str]:
    """{our name: column}; ``names`` where given, else what the file calls them.

    A column without a header is called by its place, the keys around names in a
    pickle by what they nearly always are.
    """
    if names:
        if len(columns) != len(names):
            raise TableError(
                f'{path}: {len(columns)} label columns, where {len(names)} are known: '
                f'{", ".join(names)}'
            )
        return dict(zip(names, columns, strict=True))
    called = {}
    for column in columns:
        name = f'column {int(column) + 1}' if column.isdigit() else column
        name = {'key 1': 'class', 'key 2': 'class 2'}.get(name, name)
        called[f'{name} column' if name in _ROW else name] = column
    return called
