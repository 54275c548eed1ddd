"""Lists of images by split, as published: no image and no table is needed."""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ..table_file import TableError, read_cells
from .list_columns import LABEL_CELLS, find_columns, name_columns, split_name
from .list_pickle import read_json, read_pickle
from .list_text import read_text

_PICKLES = ('.p', '.pkl', '.pickle')
_TEXTS = ('.txt', '.csv', '.tsv', '.lst', '.list')
SUFFIXES = (*_PICKLES, *_TEXTS, '.json', '.gz', '.parquet')
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
    without a header, pickles and JSON of nested containers, parquet. Where a file has
    a column of splits, its rows go there and its key is not used.

    Args:
        name: of the lists.
        files: path by split.
        labels: names of the label columns, where the files do not say.

    Raises:
        TableError: a file that cannot be read, an odd line, an empty name or split,
            another number of label columns than ``labels``.
    """
    parts = [_read_file(Path(path), split, labels) for split, path in files.items()]
    names = [dict.fromkeys(n for part in parts for n in part[i]) for i in (1, 2)]
    # What one file takes for labels and another for classes is a class.
    names[0] = [name for name in names[0] if name not in names[1]]
    rows = pd.concat([part for part, _, _ in parts], ignore_index=True).fillna('')
    return SplitLists(name, rows, tuple(names[0]), tuple(names[1]))


def find_split_lists(root: str | Path) -> dict[str, dict[str, Path]]:
    """Lists below a folder (or one file): {folder, relative: {split: path}}.

    A file is a list where its name holds a split (``train_list.txt``) or the word
    split, or that of its folder a split (``train/list.txt``); where there is none,
    every file with a column of splits. Links are not followed into folders.

    Raises:
        TableError: no such folder, no list in it, or two for one split.
    """
    root = Path(root)
    if root.is_file():
        return {root.stem: {split_name(root.stem) or 'all': root}}
    if not root.is_dir():
        raise TableError(f'{root}: no such folder or file')
    paths = []
    for folder, below, names in os.walk(root):
        below.sort()
        paths += [Path(folder, name) for name in sorted(names)]
    paths = [path for path in paths if path.suffix.lower() in SUFFIXES]
    lists: dict[str, list[tuple[str, str, Path]]] = {}
    for path in paths:
        stem, folder = path.name.split('.')[0], path.parent
        split = split_name(stem) or ('all' if 'split' in stem.lower() else '')
        if not split and folder != root:
            split, folder, stem = (
                split_name(folder.name),
                folder.parent,
                f'train_{stem}',
            )
        if split:
            group = folder.relative_to(root).as_posix()
            group = '' if group == '.' else group
            lists.setdefault(group, []).append((split, stem.lower(), path))
    found: dict[str, dict[str, Path]] = {}
    for group, members in lists.items():
        found |= _groups(group, members)
    return found or _with_split_column(root, paths)


def _groups(
    group: str, members: list[tuple[str, str, Path]]
) -> dict[str, dict[str, Path]]:
    """Lists of one folder; where two are of one split, by the rest of the name."""
    if len({split for split, _, _ in members}) == len(members):
        return {group: _in_order(members)}
    groups: dict[str, list] = {}
    for split, stem, path in members:
        rest = re.sub(r'(train|test|val(id(ation)?)?)(ing)?', '', stem).strip('_-. ')
        name = '/'.join(filter(None, (group, rest)))
        groups.setdefault(name, []).append((split, stem, path))
    return {name: _in_order(of_rest) for name, of_rest in groups.items()}


def _with_split_column(root: Path, paths: list[Path]) -> dict[str, dict[str, Path]]:
    """Files that say the split of each image themselves."""
    found = {}
    for path in paths:
        try:
            columns = find_columns(read_list_cells(path))
        except TableError:
            continue
        if columns is not None and columns.split:
            found[path.relative_to(root).with_suffix('').as_posix()] = {'all': path}
    if not found:
        raise TableError(
            f'{root}: no file there is named after a split (train, val, test, ...) or '
            'has a column of splits'
        )
    return found


def _in_order(lists: list[tuple[str, str, Path]]) -> dict[str, Path]:
    """train, its fractions, val, test."""
    ordered: dict[str, Path] = {}
    places = ('train', 'val', 'test')

    def place(item: tuple[str, str, Path]) -> tuple[int, str]:
        base = item[0].split('_')[0]
        return places.index(base) if base in places else len(places), item[0]

    for split, _, path in sorted(lists, key=place):
        if split in ordered:
            raise TableError(
                f'{path} and {ordered[split].name} are both lists of {split!r}; name '
                'the files instead of the folder'
            )
        ordered[split] = path
    return ordered


def _read_file(
    path: Path, split: str, names: Sequence[str]
) -> tuple[pd.DataFrame, tuple[str, ...], tuple[str, ...]]:
    cells = read_list_cells(path)
    columns = find_columns(cells) if len(cells) else None
    if columns is None:
        raise TableError(
            f'{path}: no column names images; it has {", ".join(map(str, cells))}'
        )
    image = cells[columns.image].str.strip().str.replace('\\', '/')
    given = cells[columns.split].map(split_name) if columns.split else split
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
    return rows, tuple(labels), tuple(categories)


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
