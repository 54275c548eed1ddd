"""Lists that were pickled or dumped as JSON: nested containers of names.

Nothing in a pickle runs: the reader builds containers, texts and numbers, and
refuses every class and function by name.
"""

import io
import json
import pickle
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from mmcxr.datasets.tables.table_file import TableError

from .list_text import IMAGE_SUFFIX

_CONTAINERS = {
    **{
        (module, kind.__name__): kind
        for module in ('builtins', '__builtin__')  # Python 3 and 2
        for kind in (set, frozenset, list, dict)
    },
    ('collections', 'OrderedDict'): OrderedDict,
    ('collections', 'defaultdict'): lambda *_: {},
}
_SCALARS = (str, int, float, bool)


class _Refused(pickle.UnpicklingError):
    pass


class _InertUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        try:
            return _CONTAINERS[module, name]
        except KeyError:
            raise _Refused(
                f'it holds {module}.{name}, and building that could run code of the '
                'file'
            ) from None

    def persistent_load(self, pid: Any) -> Any:
        raise _Refused('it refers to objects outside the file')


def read_pickle(data: bytes, path: Path) -> pd.DataFrame:
    """Rows of a pickled list; see :func:`flatten`.

    Raises:
        TableError: damaged, holds a class or function, or no lists of names.
    """
    try:
        content = _InertUnpickler(io.BytesIO(data)).load()
    except _Refused as error:
        raise TableError(
            f'{path} is refused: {error}; save it as plain dicts, lists and texts'
        ) from error
    except Exception as error:  # a damaged pickle raises anything
        raise TableError(
            f'{path}: not a readable pickle ({type(error).__name__}: {error}); fetch '
            'it again'
        ) from error
    return flatten(content, path)


def read_json(data: bytes, path: Path) -> pd.DataFrame:
    """Rows of a list in JSON; see :func:`flatten`.

    Raises:
        TableError: no JSON, or no lists of names.
    """
    try:
        content = json.loads(data.decode('utf-8-sig'))
    except (ValueError, RecursionError) as error:
        raise TableError(f'{path}: not JSON ({error}); fetch it again') from error
    return flatten(content, path)


def read_json_lines(data: bytes, path: Path) -> pd.DataFrame:
    """Rows of a list with a record or a name on each line; see :func:`flatten`.

    Raises:
        TableError: a line that is no JSON, or no lists of names.
    """
    records = []
    for number, line in enumerate(data.decode('utf-8-sig', 'replace').split('\n'), 1):
        try:
            records += [json.loads(line)] if line.strip() else []
        except (ValueError, RecursionError) as error:
            raise TableError(f'{path}: line {number}: not JSON ({error})') from error
    return flatten(records, path)


def flatten(content: Any, path: Path) -> pd.DataFrame:
    """Rows of nested containers, in their order.

    A list holds names or records; the keys of the dicts around it become the columns
    ``key 1``, ``key 2``, ... (KnoBo: one level, the class). A record is a dict of
    scalars; one of lists of names (several films of a study) gives a row for each.

    Returns:
        Strings; the index counts the items from 1.

    Raises:
        TableError: nothing in it, or something that is no name.
    """
    rows = [dict(row) for row in _rows(content, (), path, 0)]
    if not rows:
        raise TableError(f'{path}: holds no names of images')
    index = pd.RangeIndex(1, len(rows) + 1, name='line')
    return pd.DataFrame(rows, index=index).fillna('')


def _rows(
    content: Any, keys: tuple[str, ...], path: Path, depth: int
) -> Iterator[dict[str, str]]:
    if depth > 8:
        raise TableError(f'{path}: nested more than 8 deep; that is no split list')
    above = {f'key {i}': key for i, key in enumerate(keys, 1)}
    if isinstance(content, dict) and _is_by_image(content):
        for image, value in content.items():
            yield dict(image=str(image), value=str(value)) | above
    elif isinstance(content, dict) and not _is_record(content):
        for key, item in content.items():
            if not isinstance(key, _SCALARS):
                raise TableError(f'{path}: the key {key!r} is no text')
            yield from _rows(item, (*keys, str(key)), path, depth + 1)
    elif isinstance(content, dict):
        yield from _record_rows(content, above)
    elif isinstance(content, list | tuple | set | frozenset):
        items = content
        if isinstance(content, set | frozenset):
            items = sorted(content, key=str)
        for item in items:
            if isinstance(item, dict):
                if not _is_record(item):
                    raise TableError(f'{path}: {str(item)[:80]!r} is no record')
                yield from _record_rows(item, above)
            elif isinstance(item, str | int):
                yield dict(image=str(item)) | above
            else:
                raise TableError(f'{path}: {str(item)[:80]!r} is no name of an image')
    else:
        raise TableError(
            f'{path}: {str(content)[:80]!r} where a list of images was looked for'
        )


def _is_by_image(content: dict) -> bool:
    """{name of an image: its label or split}."""
    return bool(content) and all(
        IMAGE_SUFFIX.search(str(key)) and isinstance(value, _SCALARS)
        for key, value in content.items()
    )


def _is_record(content: dict) -> bool:
    """A dict with at least one scalar; one of lists alone groups names by keys."""
    return any(isinstance(value, _SCALARS) for value in content.values())


def _record_rows(record: dict, above: dict[str, str]) -> Iterator[dict[str, str]]:
    plain = {
        str(key): '' if value is None else str(value)
        for key, value in record.items()
        if value is None or isinstance(value, _SCALARS)
    }
    lists = {
        str(key): value
        for key, value in record.items()
        if isinstance(value, list | tuple)
        and value
        and all(isinstance(item, str) for item in value)
    }
    films = next((key for key in lists if 'image' in key or 'path' in key), None)
    for film in lists[films] if films else [None]:
        yield plain | above | ({films: film} if films else {})
