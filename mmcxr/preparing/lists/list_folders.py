"""Find the lists of a split, by the names of files and folders."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from mmcxr.datasets.tables.table_file import TableError

from .list_columns import find_columns, split_name
from .list_splits import one_split_a_row
from .list_text import IMAGE_SUFFIX
from .split_lists import is_list, read_list_cells


def find_split_lists(root: str | Path) -> dict[str, dict[str, Path]]:
    """Lists below a folder (or one file): {folder, relative: {split: path}}.

    A file is a list where its name holds a split (``train_list.txt``) or the word
    split, or that of its folder a split (``train/list.txt``; of several lists there
    each is a class). Where there is none, every file with a column of splits; where
    there is none either, folders of images. Links are not followed into folders.

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
    paths = [path for path in paths if is_list(path)]
    lists = _named_after_splits(root, paths)
    found: dict[str, dict[str, Path]] = {}
    for group, members in lists.items():
        found |= _groups(group, members)
    return found or _with_split_column(root, paths) or _image_folders(root)


def _named_after_splits(
    root: Path, paths: list[Path]
) -> dict[str, list[tuple[str, str, Path]]]:
    """(split, stem, path) by folder of the lists that say their split by a name."""
    lists: dict[str, list[tuple[str, str, Path]]] = {}
    for path in paths:
        stem, folder = path.name.split('.')[0], path.parent
        split = split_name(stem) or ('all' if 'split' in stem.lower() else '')
        if not split and folder != root:
            split, folder, stem = split_name(folder.name), folder.parent, 'train'
            if sum(other.parent == path.parent for other in paths) > 1:
                path = path.parent  # a list for each class
        if split:
            group = folder.relative_to(root).as_posix()
            group = '' if group == '.' else group
            lists.setdefault(group, []).append((split, stem.lower(), path))
    return {group: list(dict.fromkeys(members)) for group, members in lists.items()}


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
            columns = find_columns(one_split_a_row(read_list_cells(path)), True)
        except TableError:
            continue
        if columns is not None and columns.split:
            found[path.relative_to(root).with_suffix('').as_posix()] = {'all': path}
    return found


def _image_folders(root: Path) -> dict[str, dict[str, Path]]:
    """Folders named after splits that hold images, where there are no lists."""
    found: dict[str, list[tuple[str, str, Path]]] = {}
    for folder, below, _ in os.walk(root):
        below.sort()
        group = Path(folder).relative_to(root).as_posix()
        for name in filter(split_name, below):
            path = Path(folder, name)
            if any(map(IMAGE_SUFFIX.search, _files_below(path))):
                group = '' if group == '.' else group
                found.setdefault(group, []).append((split_name(name), '', path))
        below[:] = [name for name in below if not split_name(name)]
    if not found:
        raise TableError(
            f'{root}: no file there is named after a split (train, val, test, ...) or '
            'has a column of splits, and no folder of images is'
        )
    return {group: _in_order(folders) for group, folders in found.items()}


def _files_below(folder: Path) -> Iterator[str]:
    for _, _, names in os.walk(folder):
        yield from names


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
