"""VinDr-CXR 1.0.0 (https://physionet.org/content/vindr-cxr/1.0.0/), or Kaggle's part.

PhysioNet: ``{train,test}/<id>.dicom``, ``annotations/image_labels_{train,test}.csv`` (a
row per reader in train, 28 columns of 0 and 1, of which one is called "Other disease"
in test) and ``annotations/annotations_{train,test}.csv`` (a row per box). Kaggle's
VinBigData challenge has the training films with ``train.csv`` alone: 14 findings, and a
row per box or per reader who found nothing.

Three readers looked at each training film. A label is 1 if ``any`` of them saw it (the
rule of CXR-CLIP's files), if the ``majority`` did, or, ``agreed``, if all did, -1 where
only some. How many saw what is kept in ``extra_votes`` (JSON), who they were in
``extra_readers``; the boxes of all are in ``boxes``. The test labels are a consensus.
All films are postero-anterior; who the patients are is not published.
"""

import json
from collections.abc import Sequence

from mmcxr.datasets.public.vindr_cxr import (
    VINDR_COLUMNS,
    VINDR_COUNTS,
    VINDR_RULES,
    VinDrCXR,
)
from mmcxr.datasets.tables.table_file import TableError
from mmcxr.preparing.archives import Member
from mmcxr.preparing.films import Converter, Film, Listing
from mmcxr.preparing.source import Source, need_columns
from mmcxr.preparing.writing import Tally

_FILMS = ('.dicom', '.dcm', '.png', '.jpg', '.jpeg')
_CORNERS = ('x_min', 'y_min', 'x_max', 'y_max')
_VALUES = {'0': 0, '1': 1, '0.0': 0, '1.0': 1, '': None}
_RENAMED = {'Other disease': 'Other diseases'}
_NO_FINDING = VINDR_COLUMNS[-1]


def read_vindr_cxr(source: Source, tally: Tally, readers: str = 'any') -> Listing:
    """List the films of both splits.

    Args:
        source: the download.
        tally: takes what is amiss.
        readers: one of :data:`mmcxr.datasets.public.vindr_cxr.VINDR_RULES`.
    """
    found = source.named(*_FILMS)
    if source.find('image_labels_train.csv') is None:
        votes, boxes = _read_kaggle(source, tally)
        films = _films(votes, boxes, found, readers)
        return Listing(films, {}, found.values(), f'Kaggle, {readers}')
    films, splits = [], []
    for split in ('train', 'test'):
        votes = _read_votes(source.need(f'image_labels_{split}.csv'), source)
        boxes: dict[str, list] = {}
        member = source.need(f'annotations_{split}.csv')
        for image, _, name, box in _rows(member, source, tally):
            if image not in votes:
                kind = 'boxes of films without labels'
                tally.fault('invalid', kind, f'{member.name}: {image}')
            elif box:
                boxes.setdefault(image, []).append((*box, name))
        listed = _films(votes, boxes, found, readers)
        films += listed
        splits += [(film.image, split) for film in listed]
    splits = dict(official=splits)
    return Listing(films, splits, found.values(), f'PhysioNet 1.0.0, {readers}')


def combine(votes: Sequence[int | None], rule: str) -> int | str:
    """One label of those of several readers; '' where none of them says.

    Args:
        votes: 1, 0 or None of each.
        rule: 'any', 'majority' (more than half) or 'agreed' (-1 if they differ).
    """
    known = [vote for vote in votes if vote is not None]
    if not known:
        return ''
    if rule == 'any':
        return max(known)
    if rule == 'majority':
        return int(2 * sum(known) > len(known))
    return known[0] if len(set(known)) == 1 else -1


def _films(votes: dict, boxes: dict, found: dict, rule: str) -> list[Film]:
    films = []
    for image, (names, readers) in votes.items():
        counts = {name: sum(filter(None, given)) for name, given in names.items()}
        cells = dict(
            view='PA',
            **{name: combine(given, rule) for name, given in names.items()},
            extra_votes=json.dumps({name: n for name, n in counts.items() if n}),
            extra_readers=' '.join(readers),
        )
        file = found.get(image)
        name = f'{image}{file.suffix if file else ".dicom"}'
        known = tuple(boxes.get(image, ()))
        films.append(Film(name, file, cells, {}, known, header=('sex', 'age')))
    return films


def _read_votes(member: Member, source: Source) -> dict[str, tuple[dict, list]]:
    """By image ({label: votes}, readers), of a file of image labels."""
    table = source.table(member).rename(columns=_RENAMED)
    need_columns(table, ('image_id', *VINDR_COLUMNS), member)
    if 'rad_id' not in table:
        table['rad_id'] = ''
    votes: dict[str, tuple[dict, list]] = {}
    rows = table[['image_id', 'rad_id', *VINDR_COLUMNS]].values.tolist()
    for number, (image, reader, *cells) in enumerate(rows, start=1):
        empty = ({name: [] for name in VINDR_COLUMNS}, [])
        names, readers = votes.setdefault(image, empty)
        for name, cell in zip(VINDR_COLUMNS, cells, strict=True):
            if cell not in _VALUES:
                raise TableError(
                    f'{member}: row {number}, column {name!r}: {cell!r} is neither 0 '
                    'nor 1'
                )
            names[name].append(_VALUES[cell])
        readers += [reader] if reader else []
    return votes


def _read_kaggle(source: Source, tally: Tally) -> tuple[dict, dict]:
    """Votes and boxes of Kaggle's table, which lists only what readers saw."""
    rows = list(_rows(source.need('train.csv'), source, tally))
    names = [name for name in VINDR_COLUMNS if name in {row[2] for row in rows}]
    seen: dict[str, dict[str, set]] = {}
    boxes: dict[str, list] = {}
    for image, reader, name, box in rows:
        seen.setdefault(image, {}).setdefault(reader, set()).add(name)
        if box:
            boxes.setdefault(image, []).append((*box, name))
    votes = {}
    for image, by_reader in seen.items():
        for reader, found in by_reader.items():
            if _NO_FINDING in found and len(found) > 1:
                kind = 'readers with findings and none'
                tally.fault('invalid', kind, f'{image} ({reader})')
        given = {name: [int(name in f) for f in by_reader.values()] for name in names}
        votes[image] = (given, list(by_reader))
    return votes, boxes


def _rows(member: Member, source: Source, tally: Tally):
    """(image, reader, class, box or None) of each row of a file of boxes."""
    table = source.table(member, ('image_id', 'class_name', *_CORNERS))
    if 'rad_id' not in table:
        table['rad_id'] = ''
    columns = ['image_id', 'rad_id', 'class_name', *_CORNERS]
    cells = table[columns].values.tolist()
    for number, (image, reader, name, *corners) in enumerate(cells, start=1):
        place = f'{member.name}: row {number} ({image})'
        name = _RENAMED.get(name, name)
        if name not in VINDR_COLUMNS:
            tally.fault('invalid', "classes that are not VinDr-CXR's", place)
            continue
        box = None
        if any(corners):
            try:
                left, top, right, bottom = map(float, corners)
                box = (left, top, right - left, bottom - top)
            except ValueError:
                box = (0, 0, 0, 0)
            if not (box[2] > 0 and box[3] > 0):
                tally.fault('invalid', 'boxes that are none', place)
                box = None
        yield image, reader, name, box


CONVERTER = Converter(
    VinDrCXR.METAINFO,
    read_vindr_cxr,
    VINDR_COUNTS,
    dict(
        readers=dict(
            choices=VINDR_RULES,
            default='any',
            help='which of three readers make a label 1: any of them, the majority, or '
            'all (agreed), with -1 where they differ (default %(default)s)',
        )
    ),
)
