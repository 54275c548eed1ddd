"""Cells of a list written as text: CSV of any separator, or words between blanks."""

import csv
import io
import re
from collections import Counter
from pathlib import Path

import pandas as pd

from mmcxr.datasets.tables.table_file import TableError

#: What ends the name of a film.
IMAGE_SUFFIX = re.compile(
    r'\.(?:png|jpe?g|dcm|dicom|tiff?|bmp|npy|gz|webp|gif)$', re.IGNORECASE
)
_COMMENT = re.compile(r'^[ \t]*#[^\r\n]*', re.MULTILINE)
_WORD = re.compile(r'"([^"]*)"|(\S+)')
_SEPARATORS = ',\t;|'


def read_text(data: bytes, path: Path) -> pd.DataFrame:
    """Rows of a text file; nothing is taken for a header yet.

    Args:
        data: content of the file. Empty lines and those that begin with #, any line
            end, blanks at the ends of a line and a byte order mark do not matter.
        path: of the file, for messages.

    Returns:
        Strings, columns 0, 1, ...; the index is the line of the file, from 1.

    Raises:
        TableError: not UTF-8, empty, or a row with another number of cells.
    """
    if data.startswith(b'version https://git-lfs'):
        raise TableError(
            f'{path} is a git-LFS pointer, not the list itself; run "git lfs pull"'
        )
    try:
        text = data.decode('utf-8-sig')
    except UnicodeDecodeError as error:
        raise TableError(f'{path}: not UTF-8 ({error}); save it as UTF-8') from error
    if not text.strip():
        raise TableError(f'{path}: the list is empty')
    if text.lstrip()[:15].lower().startswith(('<!doctype', '<html')):
        raise TableError(f'{path} is a web page, not a list; fetch it again')
    text = _COMMENT.sub('', text)
    if not text.strip():
        raise TableError(f'{path}: the list is empty but for comments')
    rows = _separated(text, path) or _words(text, path)
    lines, cells = zip(*rows, strict=True)
    return pd.DataFrame(list(cells), index=pd.Index(lines, name='line'))


def _separated(text: str, path: Path) -> list[tuple[int, list[str]]] | None:
    """Rows of a file whose lines all hold the separator of the first; else None."""
    first = text.lstrip().splitlines()[0]
    for separator in _SEPARATORS:
        if separator not in first:
            continue
        try:
            rows = _csv_rows(text, separator)
        except csv.Error as error:
            raise TableError(f'{path}: {error}; a quote is never closed?') from error
        numbers = Counter(len(cells) for _, cells in rows)
        number = numbers.most_common(1)[0][0]
        if number == 1:
            continue
        for line, cells in rows:
            if len(cells) != number:
                raise TableError(_odd_row(path, line, cells, number))
        return rows
    return None


def _csv_rows(text: str, separator: str) -> list[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=''), delimiter=separator, strict=True)
    rows, line = [], 1
    for cells in reader:
        cells = [cell.strip() for cell in cells]
        if any(cells):
            rows.append((line, cells))
        line = reader.line_num + 1
    return rows


def _words(text: str, path: Path) -> list[tuple[int, list[str]]]:
    """Rows of blank-separated words; a film's name may hold blanks itself."""
    lines = re.split(r'\r\n|\n|\r', text)
    words = ([a or b for a, b in _WORD.findall(line)] for line in lines)
    rows = [(n, cells) for n, cells in enumerate(words, 1) if cells]
    number = Counter(len(words) for _, words in rows).most_common(1)[0][0]
    for index, (line, words) in enumerate(rows):
        more = len(words) - number
        if more == 0:
            continue
        name = ' '.join(words[: more + 1])
        if more < 0 or not IMAGE_SUFFIX.search(name):
            raise TableError(_odd_row(path, line, words, number))
        rows[index] = line, [name, *words[more + 1 :]]
    return rows


def _odd_row(path: Path, line: int, cells: list[str], number: int) -> str:
    return (
        f'{path}: line {line}: {len(cells)} cells where most lines have {number}: '
        f'{" ".join(cells)[:80]!r}; mend the line, or fetch the file again'
    )
