"""ChestX-ray14 (https://nihcc.app.box.com/v/ChestXray-NIHCC).

Takes the download as it unpacks: ``images_001.tar.gz`` ... or ``images_001/images/``
... (Kaggle's copy) or one folder, ``Data_Entry_2017.csv`` or its correction
``Data_Entry_2017_v2020.csv`` (of which some copies name the column of the sex "Patient
Sex"), ``BBox_List_2017.csv`` and ``train_val_list.txt``, ``test_list.txt``: the scheme
``official``, which has no validation list. Both tables may end in columns without a
name. Films may be JPEG, as in smaller copies, and are named so. A patient is the first
part of a film's name, as in all published lists; a study is a film. What a row does not
name is absent. Boxes count in the 1,024 pixels of the released films; films that nobody
looked for boxes in have none in the table.
"""

import re

import pandas as pd

from mmcxr.datasets.films.dicom import parse_age
from mmcxr.datasets.public.chest_xray14 import (
    CHEST_XRAY14_CLASSES,
    CHEST_XRAY14_COUNTS,
    ChestXray14,
)
from mmcxr.datasets.tables.table_file import parse_csv
from mmcxr.preparing.archives import Member
from mmcxr.preparing.films import Converter, Film, Listing
from mmcxr.preparing.source import Source, need_columns, read_member
from mmcxr.preparing.writing import Tally

_TABLES = ('Data_Entry_2017_v2020.csv', 'Data_Entry_2017.csv')
_COLUMNS = {
    'Image Index': 'image',
    'Finding Labels': 'findings',
    'Follow-up #': 'follow_up',
    'Patient ID': 'patient',
    'Patient Age': 'age',
    'Patient Gender': 'sex',
    'View Position': 'view',
}
_BOX_COLUMNS = ('Image Index', 'Finding Label', 'Bbox [x', 'y', 'w', 'h]')
_LISTS = {'train': 'train_val_list.txt', 'test': 'test_list.txt'}
_NAMES = (*CHEST_XRAY14_CLASSES, 'No Finding')
_FRAME = (1024, 1024)


def read_chest_xray14(source: Source, tally: Tally) -> Listing:
    """List the films of the table."""
    found = source.named('.png', '.jpg', '.jpeg')
    rows = _read_rows(source)
    boxes = _read_boxes(source, tally)
    films, names = [], {}
    for number, row in enumerate(rows, start=1):
        image, place = row['image'], f'row {number} ({row["image"]})'
        stem = image.rpartition('.')[0]
        patient = stem.partition('_')[0]
        if patient.lstrip('0') != row['patient'].lstrip('0'):
            kind = "films whose name is not their patient's"
            tally.fault('invalid', kind, f'{place}: patient {row["patient"]}')
        cells = dict(
            patient_id=patient,
            **_facts(row, place, tally),
            **_labels(row['findings'], place, tally),
            extra_follow_up=row['follow_up'],
        )
        known = tuple(boxes.pop(image)) if image in boxes else None
        file = found.get(stem)
        names[image] = f'{stem}{file.suffix if file else ".png"}'
        films.append(Film(names[image], file, cells, {}, known, _FRAME))
    for image in boxes:
        tally.fault('invalid', 'boxes of films that the table lacks', image)
    splits = _read_lists(source, names, tally)
    return Listing(films, dict(official=splits), found.values())


def _facts(row: dict[str, str], place: str, tally: Tally) -> dict[str, str]:
    """View, sex and age; what makes no sense is noted and left empty.

    The first table has ages of up to 414 years.
    """
    facts = dict(
        view=row['view'] if row['view'] in ('PA', 'AP') else '',
        sex=row['sex'] if row['sex'] in ('M', 'F') else '',
        age=parse_age(row['age']),
    )
    for name, cell in facts.items():
        if row[name] and not cell:
            kind = {'view': 'views', 'sex': 'sexes', 'age': 'ages'}[name]
            tally.note(f'{kind} not understood', f'{place}: {row[name]}')
    return facts


def _labels(cell: str, place: str, tally: Tally) -> dict[str, int | str]:
    names = cell.split('|')
    unknown = [name for name in names if name not in _NAMES]
    if unknown or ('No Finding' in names and len(names) > 1):
        kind = 'findings that contradict themselves or have no such name'
        tally.fault('invalid', kind, f'{place}: {cell!r}')
        return dict.fromkeys(_NAMES, '')
    return {name: int(name in names) for name in _NAMES}


def _read_rows(source: Source) -> list[dict[str, str]]:
    member = source.need(*_TABLES)
    table = _read_table(member).rename(columns={'Patient Sex': 'Patient Gender'})
    need_columns(table, _COLUMNS, member)
    return table[list(_COLUMNS)].rename(columns=_COLUMNS).to_dict('records')


def _read_boxes(source: Source, tally: Tally) -> dict[str, list[tuple]]:
    """Boxes by image; those of wrong names or numbers are faults."""
    member = source.find('BBox_List_2017.csv')
    if member is None:
        tally.note('tables not there', 'BBox_List_2017.csv')
        return {}
    table = _read_table(member)
    need_columns(table, _BOX_COLUMNS, member)
    boxes: dict[str, list[tuple]] = {}
    rows = table[list(_BOX_COLUMNS)].values.tolist()
    for number, (image, name, *numbers) in enumerate(rows, start=1):
        name = 'Infiltration' if name == 'Infiltrate' else name
        place = f'{member.name}: row {number} ({image})'
        try:
            box = tuple(map(float, numbers))
        except ValueError:
            box = (0, 0, 0, 0)
        if name not in CHEST_XRAY14_CLASSES or not (box[2] > 0 and box[3] > 0):
            tally.fault('invalid', 'boxes that are none', place)
            continue
        boxes.setdefault(image, []).append((*box, name))
    return boxes


def _read_lists(
    source: Source, names: dict[str, str], tally: Tally
) -> list[tuple[str, str]]:
    splits = []
    for split, name in _LISTS.items():
        member = source.find(name)
        if member is None:
            tally.note('lists not there', name)
            continue
        for image in source.lines(member):
            if image not in names:
                kind = 'listed films that the table lacks'
                tally.fault('invalid', kind, f'{member.name}: {image}')
            splits.append((names.get(image, image), split))
    return splits


def _read_table(member: Member) -> pd.DataFrame:
    """Cells of a table, without the columns at its end that have no name."""
    data = read_member(member)
    end = re.search(rb',*(?=\r?\n|\Z)', data)
    if end and end[0]:
        data = re.sub(rb',{1,%d}(?=\r?$)' % len(end[0]), b'', data, flags=re.MULTILINE)
    return parse_csv(data, member)


CONVERTER = Converter(ChestXray14.METAINFO, read_chest_xray14, CHEST_XRAY14_COUNTS)
