"""Which columns the CSV files of CXR-CLIP have, dataset by dataset."""

import ast
from collections.abc import Callable
from dataclasses import dataclass

from mmcxr.datasets.public.chest_xray14 import CHEST_XRAY14_CLASSES
from mmcxr.datasets.public.chexpert import CHEXPERT_CLASSES, CheXpert5x200
from mmcxr.datasets.public.vindr_cxr import VINDR_LABELS
from mmcxr.datasets.tables.table_checks import nearest
from mmcxr.datasets.tables.table_file import TableError


@dataclass(frozen=True)
class Form:
    """What the files of one dataset hold.

    Args:
        files: file names of the splits.
        labels: of (cell by column, place) the labels by class; None: there are none.
        ids: pattern with groups ``patient`` and perhaps ``study`` in image paths.
        scheme: name of the split list.
        text: column of the report; empty: there is none.
        image: column of the image or images.
    """

    files: dict[str, str]
    labels: Callable | None = None
    ids: str = r'(?!)'
    scheme: str = 'cxr_clip'
    text: str = ''
    image: str = 'image'


def cell_of(record: dict[str, str], column: str, place: str) -> str:
    """The cell of a column that must be there.

    Raises:
        TableError: there is no such column.
    """
    if column not in record:
        raise TableError(f'{place}: no column {column!r}{nearest(column, record)}')
    return record[column]


def parse_list(record: dict[str, str], column: str, place: str) -> list:
    """The Python list in a cell.

    Raises:
        TableError: no such column, or it holds something else; a bare text would be
            taken letter by letter.
    """
    cell = cell_of(record, column, place)
    try:
        value = ast.literal_eval(cell)
    except (ValueError, SyntaxError):
        value = None
    if not isinstance(value, list):
        raise TableError(
            f'{place}, column {column!r}: {cell[:60]!r} is no list; write it as '
            f'{[cell[:20]]!r}, one item in brackets and quotes for each text or path'
        )
    return value


def parse_strings(record: dict[str, str], column: str, place: str) -> list[str]:
    """The list of strings in a cell; see :func:`parse_list`.

    Raises:
        TableError: also where an item is not a string.
    """
    items = parse_list(record, column, place)
    for item in items:
        if not isinstance(item, str):
            raise TableError(f'{place}, column {column!r}: {item!r} is no text or path')
    return items


def _three_lists(classes: tuple[str, ...], complete: bool) -> Callable:
    """Reader of ``text_label``: [positives, negatives, uncertains] or [positives].

    With ``complete`` what is not positive is absent, else unknown.
    """

    def read(record: dict, place: str) -> dict[str, int | str]:
        value = parse_list(record, 'text_label', place)
        lists = value if all(isinstance(part, list) for part in value) else [value]
        if len(lists) > 3:
            raise TableError(f'{place}: {len(lists)} lists in text_label, at most 3')
        named = {}
        for label, names in zip((1, 0, -1), lists, strict=False):
            for name in names:
                if name not in classes:
                    raise TableError(f'{place}: unknown class {name!r} in text_label')
                if named.setdefault(name, label) != label:
                    raise TableError(f'{place}: {name!r} is in two lists of text_label')
        return dict.fromkeys(classes, 0 if complete else '') | named

    return read


def _vindr_labels(record: dict, place: str) -> dict[str, int]:
    values = parse_list(record, 'label', place)
    if len(values) != len(VINDR_LABELS):
        raise TableError(f'{place}: {len(values)} labels, expected {len(VINDR_LABELS)}')
    for value in values:
        if value not in (0, 1):
            raise TableError(f'{place}: {value!r} in label is neither 0 nor 1')
    return dict(zip(VINDR_LABELS, map(int, values), strict=True))


def _one_label(name: str) -> Callable:
    return lambda record, place: {name: cell_of(record, 'label', place)}


def _columns(classes: tuple[str, ...]) -> Callable:
    return lambda record, place: {
        name: cell_of(record, name, place) for name in classes
    }


_CHEXPERT_IDS = r'(?P<patient>patient\d+)/(?P<study>study\d+)'
_SPLITS = dict(train='train', val='valid', test='test')


def _files(stem: str, splits: str) -> dict[str, str]:
    return {split: f'{stem}_{_SPLITS[split]}.csv' for split in splits.split()}


FORMS = {
    'mimic-cxr': Form(
        {**_files('mimic', 'train val'), 'test': 'mimic_cxr_test.csv'},
        ids=r'(?P<patient>p\d{8})/(?P<study>s\d+)',
        scheme='official',
        text='text',
    ),
    'chexpert': Form(
        _files('chexpert', 'train val'),
        labels=_three_lists(CHEXPERT_CLASSES, complete=False),
        ids=_CHEXPERT_IDS,
    ),
    'chestx-ray14': Form(
        _files('chest14', 'train val'),
        labels=_three_lists((*CHEST_XRAY14_CLASSES, 'No Finding'), complete=True),
        ids=r'(?P<patient>\d{8})_\d{3}',
    ),
    'vindr-cxr': Form(_files('vindr', 'train val test'), labels=_vindr_labels),
    'rsna': Form(_files('rsna', 'train val test'), labels=_one_label('Pneumonia')),
    'siim': Form(_files('siim', 'train val test'), labels=_one_label('Pneumothorax')),
    'chexpert-5x200': Form(
        dict(test='chexpert5x200.csv'),
        labels=_columns(CheXpert5x200.METAINFO['classes']),
        ids=_CHEXPERT_IDS,
        text='Report Impression',
        image='Path',
    ),
    'openi': Form(dict(test='openi_test.csv'), text='text'),
}
