"""Read a table file (CSV, gzipped CSV or parquet) into cells that are all strings."""

import csv
import gzip
import warnings
import zlib
from io import BytesIO, StringIO
from pathlib import Path

import numpy as np
import pandas as pd

_NAN = ('nan', 'NaN')  # what other programs print for a missing cell


class TableError(ValueError):
    """A table cannot be used; the message names file, place and what to do."""


def read_cells(path: Path, skip_blanks: bool = False) -> pd.DataFrame:
    """All cells of a table file as strings.

    Strings stay as written ('0012' keeps its zeros); empty cells, nulls and the
    words nan and NaN become empty strings.

    Args:
        path: ``*.csv``, ``*.csv.gz`` or ``*.parquet``, with a header.
        skip_blanks: drop blanks after the commas of a CSV file, before quotes too.

    Raises:
        TableError: an unreadable file, a header with a repeated or empty name, a
            row with another number of cells than the header.
    """
    path = Path(path)
    try:
        if path.suffix == '.parquet':
            return _read_parquet(path)
        data = path.read_bytes()
    except OSError as error:
        raise TableError(
            f'{path}: cannot be read ({error}); copy or convert it again'
        ) from error
    return parse_csv(data, path, skip_blanks)


def parse_csv(
    data: bytes, name: object, skip_blanks: bool = False, drop_unnamed: bool = False
) -> pd.DataFrame:
    """All cells of a CSV file, gzipped or not; see :func:`read_cells`.

    Args:
        data: the whole file.
        name: of it, for messages; the ending .gz says that it is gzipped.
        skip_blanks: whether blanks after a comma are no part of the cell.
        drop_unnamed: leave out columns without a name, instead of refusing them.

    Raises:
        TableError: as :func:`read_cells` does.
    """
    try:
        data = gzip.decompress(data) if str(name).endswith('.gz') else data
        return _read_csv(data, name, skip_blanks, drop_unnamed)
    except TableError:
        raise
    except UnicodeDecodeError as error:
        raise TableError(f'{name}: not UTF-8 ({error}); save it as UTF-8') from error
    except (OSError, EOFError, zlib.error, csv.Error) as error:
        raise TableError(
            f'{name}: cannot be read ({error}); copy or convert it again'
        ) from error


def _read_csv(
    data: bytes, path: object, skip_blanks: bool, drop_unnamed: bool
) -> pd.DataFrame:
    # Header and rows apart: pandas would rename repeated names in silence.
    head = StringIO(data[: 1 << 20].decode('utf-8-sig', 'replace'), newline='')
    header = next(csv.reader(head, skipinitialspace=skip_blanks), None)
    if not header:
        raise TableError(f'{path}: the file is empty; convert it again')
    named = [name for name in header if name]
    _check_header(named if drop_unnamed else header, path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('error', pd.errors.ParserWarning)
            table = pd.read_csv(
                BytesIO(data),
                dtype=str,
                keep_default_na=False,
                na_values=[*_NAN],
                index_col=False,
                skipinitialspace=skip_blanks,
                encoding='utf-8-sig',
            )
    except (pd.errors.ParserError, pd.errors.ParserWarning) as error:
        reason = str(error).strip().removeprefix('Error tokenizing data. C error: ')
        raise TableError(
            f'{path}: {reason}; a row has more cells than the header, or a quote is '
            'never closed'
        ) from error
    if _count_commas(data) < (len(table) + 1) * (len(header) - 1):
        _refuse_short_rows(data, header, path, skip_blanks)
    table = table.fillna('')
    return table[named] if len(named) < len(header) else table


def _read_parquet(path: Path) -> pd.DataFrame:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise TableError(f'{path}: parquet needs "pip install pyarrow"') from error
    try:
        content = pyarrow.parquet.read_table(path)
    except pyarrow.ArrowException as error:
        raise TableError(f'{path}: not a parquet file ({error})') from error
    _check_header(content.column_names, path)
    table = content.to_pandas()
    return pd.DataFrame({name: _as_text(table[name]) for name in table})


def _as_text(column: pd.Series) -> pd.Series:
    """Strings of a column of any type; whole numbers without a decimal point."""
    if pd.api.types.is_bool_dtype(column):
        column = column.astype('Int64')
    elif pd.api.types.is_float_dtype(column):
        known = column.dropna()
        if (known == known.round()).all() and np.isfinite(known).all():
            column = column.astype('Int64')
    text = column.astype(object).where(column.notna(), '').astype(str)
    return text.where(~text.isin(_NAN), '')


def _check_header(header: list[str], path: object) -> None:
    repeated = sorted({name for name in header if header.count(name) > 1})
    if repeated:
        raise TableError(
            f'{path}: the header names {repeated[0]!r} more than once; rename or '
            'remove one of the columns'
        )
    if '' in header:
        raise TableError(
            f'{path}: column {header.index("") + 1} has no name; name it or remove it '
            '(pandas writes such a column unless told index=False)'
        )


def _count_commas(data: bytes, chunk: int = 1 << 24) -> int:
    """Commas outside quotes; what a row lacks is missing from their number."""
    count, inside = 0, False
    for start in range(0, len(data), chunk):
        piece = np.frombuffer(data, np.uint8, min(chunk, len(data) - start), start)
        comma, quotes = piece == ord(','), np.flatnonzero(piece == ord('"'))
        after = np.zeros(0, np.int64)
        if len(quotes):  # commas between each quote and the next
            after = np.add.reduceat(comma, quotes, dtype=np.int64)
        before = 0 if inside else np.count_nonzero(comma) - after.sum()
        count += int(before + after[0 if inside else 1 :: 2].sum())
        inside ^= len(quotes) % 2 == 1
    return count


def _refuse_short_rows(
    data: bytes, header: list[str], path: object, skip_blanks: bool
) -> None:
    """Name the first row with fewer cells than the header: a file cut short."""
    lines = StringIO(data.decode('utf-8-sig'), newline='')
    rows = csv.reader(lines, skipinitialspace=skip_blanks)
    for number, row in enumerate(filter(None, rows)):
        if len(row) < len(header):
            raise TableError(
                f'{path}: row {number} (counted without the header) has {len(row)} '
                f'cells where the header has {len(header)}: {row[0]!r}...; was the '
                'file cut short?'
            )
