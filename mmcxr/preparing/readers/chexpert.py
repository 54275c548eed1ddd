"""CheXpert v1.0, full or small, as it unpacks.

``CheXpert-v1.0[-small]/{train.csv,valid.csv,train/,valid/}``, films such as
``train/patient00001/study1/view1_frontal.jpg``; Stanford AIMI's four batches, of which
those of training films lack the folder ``train/``
(``CheXpert-v1.0 batch 2 (train 1)/patient00001/...``); the test films, if they are
there, with ``test_labels.csv`` or ``test.csv``, which say neither sex nor age. An image
is named from the folder of its split on, so both sizes have the same names.

Labels stay as the labeller gives them, -1 for uncertain, empty for not mentioned: what
these count as is chosen where the dataset is read. A frontal film whose view is said to
be LL or RL has no view; an age of 0 is unknown (older patients than 90 are 90).
"""

import re
from collections.abc import Iterable

import pandas as pd

from mmcxr.datasets.public.chexpert import (
    CHEXPERT_CLASSES,
    CHEXPERT_COUNTS,
    CheXpert,
)
from mmcxr.datasets.tables.table_file import TableError
from mmcxr.preparing.archives import Member
from mmcxr.preparing.films import Converter, Film, Listing
from mmcxr.preparing.source import Source, need_columns
from mmcxr.preparing.writing import Tally

from .labeller import read_labels

_TABLES = {'train': ('train.csv',), 'val': ('valid.csv',)}
_TABLES['test'] = ('test_labels.csv', 'test.csv')
_PATH = re.compile(
    r'(?:^|/)(?:train|valid|test)/(?P<patient>patient\d+)/(?P<study>study\d+)/'
    r'view\d+_(?P<side>frontal|lateral)\.\w+$'
)
_SUFFIXES = ('.jpg', '.jpeg', '.png')
_SEXES = {'Male': 'M', 'Female': 'F', 'Unknown': '', '': ''}


def read_chexpert(source: Source, tally: Tally) -> Listing:
    """List the films of all tables that are there."""
    found = find_films(source)
    films, splits = [], []
    for split, names in _TABLES.items():
        member = next(filter(None, map(source.find, names)), None)
        if member is None:
            tally.note('tables not there', names[0])
            continue
        table = source.table(member)
        listed = list_films(table, member, CHEXPERT_CLASSES, found, tally)
        films += listed
        splits += [(film.image, split) for film in listed]
    if not films:
        raise TableError(f'{source.root}: holds neither train.csv nor valid.csv')
    release = ', '.join(dict.fromkeys(split for _, split in splits))
    return Listing(films, dict(official=splits), found.values(), release)


def find_films(source: Source) -> dict[str, Member]:
    """Film files by patient, study and view: no patient is in two splits."""
    return source.ending(3, *_SUFFIXES)


def list_films(
    table: pd.DataFrame,
    member: Member,
    classes: Iterable[str],
    found: dict[str, Member],
    tally: Tally,
) -> list[Film]:
    """Films of a table, in its order.

    Args:
        table: of ``Path``, labels and, if it has them, facts and reports.
        member: its file, for messages.
        classes: columns of labels.
        found: film files by the last three parts of their paths.
        tally: takes what is amiss.
    """
    need_columns(table, ('Path',), member)
    labels = read_labels(table, classes, member)
    rows = table.to_dict('records')
    films = []
    for number, (row, marks) in enumerate(zip(rows, labels, strict=True), start=1):
        path = row['Path']
        place = f'{member.name}: row {number} ({path})'
        match = _PATH.search(path)
        if match is None:
            tally.fault('invalid', 'paths that name no film', place)
            continue
        cells = dict(
            patient_id=match['patient'],
            study_id=match['study'],
            view=_view(row, match['side'], place, tally),
            sex=_sex(row.get('Sex', ''), place, tally),
            age=_age(row.get('Age', ''), place, tally),
            **marks,
        )
        parts = path.split('/')
        file = found.get('/'.join(parts[-3:]))
        films.append(Film('/'.join(parts[-4:]), file, cells))
    return films


def _view(row: dict[str, str], side: str, place: str, tally: Tally) -> str:
    said = row.get('Frontal/Lateral', '')
    if said and said.lower() != side:
        tally.fault('invalid', 'views that contradict the path', f'{place}: {said}')
    if side == 'lateral':
        return 'LATERAL'
    view = row.get('AP/PA', '')
    if view in ('AP', 'PA', ''):
        return view
    tally.note('views not understood', f'{place}: frontal, {view}')
    return ''


def _sex(cell: str, place: str, tally: Tally) -> str:
    if cell not in _SEXES:
        tally.note('sexes not understood', f'{place}: {cell}')
    return _SEXES.get(cell, '')


def _age(cell: str, place: str, tally: Tally) -> str:
    years = re.fullmatch(r'0*([1-9]\d{0,2})(\.0+)?', cell)
    if cell and not years:
        tally.note('ages not understood', f'{place}: {cell}')
    return years[1] if years else ''


CONVERTER = Converter(CheXpert.METAINFO, read_chexpert, CHEXPERT_COUNTS)
