"""RANZCR CLiP, catheter and line position (Kaggle, 2021), as it unpacks.

https://www.kaggle.com/c/ranzcr-clip-catheter-line-classification/data

``train.csv`` (StudyInstanceUID, which names a film, eleven columns of 0 and 1,
PatientID), ``train/<StudyInstanceUID>.jpg`` and, if they are there, ``test/``, whose
truth the challenge did not give out: their labels are unknown.
``train_annotations.csv`` (StudyInstanceUID, label, data) outlines tubes and lines of a
part of the training films, a row each; ``data`` is a list of the points [x, y] along
it. ``boxes`` has the box around each, ``extra_lines`` (JSON of [label, points]) the
points, in pixels of the official film whatever the size of the stored one. Boxes are
unknown, not absent, where a film has no row. Views are not told.

The official scheme has no validation films; ``clean`` (drawn by patient) has.
"""

import json

from mmcxr.datasets.public.ranzcr_clip import (
    RANZCR_COUNTS,
    RANZCR_LABELS,
    RANZCRCLiP,
)
from mmcxr.datasets.tables.table_file import TableError
from mmcxr.preparing.films import Converter, Film, Listing
from mmcxr.preparing.source import Source
from mmcxr.preparing.writing import Tally

_FILMS = ('.jpg', '.jpeg', '.png')
_ANNOTATIONS = 'train_annotations.csv'


def read_ranzcr_clip(source: Source, tally: Tally) -> Listing:
    """List the films of train.csv, then those of the folder of the test set."""
    member = source.need('train.csv')
    table = source.table(member, ('StudyInstanceUID', *RANZCR_LABELS, 'PatientID'))
    rows = table.to_dict('records')
    found = source.named(*_FILMS)
    lines = _read_lines(source, {row['StudyInstanceUID'] for row in rows}, tally)
    films, splits = [], []
    for number, row in enumerate(rows, start=1):
        image = row['StudyInstanceUID']
        cells = dict(patient_id=row['PatientID'])
        for name in RANZCR_LABELS:
            if row[name] not in ('0', '1'):
                raise TableError(
                    f'{member}: row {number}, column {name!r}: {row[name]!r} is '
                    'neither 0 nor 1'
                )
            cells[name] = int(row[name])
        boxes, drawn = None, lines.get(image)
        if drawn:
            cells['extra_lines'] = json.dumps(drawn)
            boxes = tuple(_box_around(points, label) for label, points in drawn)
            for label in dict(drawn):
                if not cells[label]:
                    kind = 'lines whose label is 0'
                    tally.fault('invalid', kind, f'{image}: {label}')
        films.append(_film(image, found, cells, boxes))
        splits.append((films[-1].image, 'train'))
    listed = {row['StudyInstanceUID'] for row in rows}
    for image in source.named(*_FILMS, under='test'):
        if image not in listed:
            films.append(_film(image, found, {}, None))
            splits.append((films[-1].image, 'test'))
    kind = 'with test films' if len(films) > len(rows) else 'training films'
    return Listing(films, dict(official=splits), found.values(), kind)


def _film(image: str, found: dict, cells: dict, boxes: tuple | None) -> Film:
    file = found.get(image)
    cells = {**dict.fromkeys(RANZCR_LABELS, ''), **cells}
    return Film(f'{image}{file.suffix if file else ".jpg"}', file, cells, boxes=boxes)


def _read_lines(source: Source, images: set[str], tally: Tally) -> dict[str, list]:
    """[label, points] of each line of a film; those that are none are faults."""
    member = source.find(_ANNOTATIONS)
    if member is None:
        tally.note('tables not there', _ANNOTATIONS)
        return {}
    lines: dict[str, list] = {}
    columns = ['StudyInstanceUID', 'label', 'data']
    rows = source.table(member, tuple(columns))[columns].values.tolist()
    for number, (image, label, data) in enumerate(rows, start=1):
        place = f'{member.name}: row {number} ({image})'
        points = parse_points(data)
        if label not in RANZCR_LABELS:
            tally.fault('invalid', 'lines of an unknown label', f'{place}: {label}')
        elif image not in images:
            tally.fault('invalid', 'lines of films without labels', place)
        elif points is None:
            tally.fault('invalid', 'lines that are no list of points', place)
        else:
            lines.setdefault(image, []).append([label, points])
    return lines


def parse_points(text: str) -> list[list[float]] | None:
    """Points of a cell such as '[[1487, 1279], [1477, 1168]]'; None: it is none."""
    try:
        points = json.loads(text)
        good = all(
            len(point) == 2 and all(type(n) in (int, float) for n in point)
            for point in points
        )
    except (ValueError, TypeError, RecursionError):
        return None
    return points if good and isinstance(points, list) and points else None


def _box_around(points: list[list[float]], label: str) -> tuple:
    """[x, y, width, height, label] that holds the pixels of all points."""
    xs, ys = zip(*points, strict=True)
    x, y = min(xs), min(ys)
    return (x, y, max(xs) - x + 1, max(ys) - y + 1, label)


CONVERTER = Converter(RANZCRCLiP.METAINFO, read_ranzcr_clip, RANZCR_COUNTS)
