"""CheXpert 5x200: the films of CheXpert that GLoRIA's list names.

The list is ``chexpert_5x200.csv`` of https://github.com/marshuang80/gloria (CXR-CLIP
calls it ``chexpert5x200.csv``): ``Path`` as in CheXpert's tables, ``Report Impression``
and a column for each label, of which exactly one of the five classes is 1. Whoever made
the list himself has no reports: his films have no impression. CheXpert is in SOURCE
besides, in any of its forms; see :mod:`.chexpert`.
"""

from dataclasses import replace
from pathlib import Path

from mmcxr.datasets.public.chexpert import CHEXPERT_5X200_COUNTS, CheXpert5x200
from mmcxr.datasets.tables.table_file import TableError
from mmcxr.preparing.archives import Member
from mmcxr.preparing.films import Converter, Listing
from mmcxr.preparing.source import Source
from mmcxr.preparing.writing import Tally

from .chexpert import find_films, list_films

_LISTS = ('chexpert_5x200.csv', 'chexpert5x200.csv')
_CLASSES = CheXpert5x200.METAINFO['classes']
_REPORT = 'Report Impression'


def read_chexpert_5x200(
    source: Source, tally: Tally, films: str | None = None
) -> Listing:
    """List the films of the list.

    Args:
        source: CheXpert.
        tally: takes what is amiss.
        films: path of the list, if it is not in the source.
    """
    member = _find_list(source, films)
    table = source.table(member)
    if _REPORT not in table:
        tally.note('columns not there', f'{member.name}: {_REPORT}')
        table[_REPORT] = ''
    reports = dict(zip(table['Path'], table[_REPORT], strict=True))
    found = find_films(source)
    listed = []
    paths = {'/'.join(path.split('/')[-4:]): path for path in reports}
    for film in list_films(table, member, _CLASSES, found, tally):
        positive = [name for name in _CLASSES if film.cells[name] == 1]
        if len(positive) != 1:
            kind = 'films that are not positive for exactly one class'
            tally.fault('invalid', kind, f'{film.image} ({", ".join(positive)})')
        report = ' '.join(reports[paths[film.image]].split())
        listed.append(replace(film, cells={**film.cells, 'impression': report}))
    return Listing(listed)


def _find_list(source: Source, path: str | None) -> Member:
    if path is None:
        return source.need(*_LISTS)
    if not Path(path).is_file():
        raise TableError(f'{path}: no such file')
    return Member(Path(path).name, Path(path))


CONVERTER = Converter(
    CheXpert5x200.METAINFO,
    read_chexpert_5x200,
    CHEXPERT_5X200_COUNTS,
    dict(
        films=dict(
            metavar='FILE', help=f"GLoRIA's list {_LISTS[0]}, if it is not in SOURCE"
        )
    ),
)
