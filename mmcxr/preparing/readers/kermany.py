"""Chest X-ray pneumonia of Kermany et al., KnoBo's "pneumonia".

https://data.mendeley.com/datasets/rscbjbr9sj/2,
https://www.kaggle.com/datasets/paultimothymooney/chest-xray-pneumonia

``chest_xray/{train,val,test}/{NORMAL,PNEUMONIA}/person1_bacteria_1.jpeg`` or
``IM-0115-0001.jpeg``, of which Mendeley's copy has no ``val/``. A patient is what the
number in a name says; whether the numbers of two folders mean the same children is not
published, so the same number is taken for the same child. ``extra_cause`` is bacteria
or virus. All films are antero-posterior.
"""

import re

from mmcxr.datasets.public.kermany import KERMANY_COUNTS, KermanyPneumonia
from mmcxr.datasets.tables.table_file import TableError
from mmcxr.preparing.films import Converter, Film, Listing
from mmcxr.preparing.source import Source
from mmcxr.preparing.writing import Tally

_PATH = re.compile(r'(?P<split>train|val|test)/(?P<label>NORMAL|PNEUMONIA)/[^/]+')
_PERSON = re.compile(r'(?P<patient>person\d+)_(?P<cause>bacteria|virus)_')
_NORMAL = re.compile(r'(?P<patient>(?:NORMAL2-)?IM-\d+)-')


def read_kermany(source: Source, tally: Tally) -> Listing:
    """List the films of the folders."""
    found = source.ending(3, '.jpeg', '.jpg', '.png')
    films, splits = [], []
    for path, file in found.items():
        match = _PATH.fullmatch(path)
        if match is None:
            continue
        person = _PERSON.match(file.stem) or _NORMAL.match(file.stem)
        cause = person.groupdict().get('cause', '') if person else ''
        if person is None or bool(cause) != (match['label'] == 'PNEUMONIA'):
            kind = 'names that tell no patient, or another class than the folder'
            tally.note(kind, path)
        cells = dict(
            patient_id=person['patient'] if person else '',
            view='AP',
            Pneumonia=int(match['label'] == 'PNEUMONIA'),
            extra_cause=cause,
        )
        films.append(Film(path, file, cells))
        splits.append((path, match['split']))
    if not films:
        raise TableError(f'{source.root}: holds no train/NORMAL/*.jpeg or the like')
    return Listing(films, dict(official=splits), found.values())


CONVERTER = Converter(KermanyPneumonia.METAINFO, read_kermany, KERMANY_COUNTS)
