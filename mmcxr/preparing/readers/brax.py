"""BRAX 1.1.0 of PhysioNet (https://physionet.org/content/brax/1.1.0/).

``master_spreadsheet_update.csv`` (``master_spreadsheet.csv`` before) and the films
``images/id_<patient>/Study_<UID>/Series_<UID>/image-<UID>.png`` or, where none of these
is there, the same names under ``Anonymized_DICOMs/`` with ``.dcm``; the columns
``PngPath`` and ``DicomPath`` name them. The study is the folder of the film, for an
accession number, though drawn at random there, is kept out of tables.

Labels stay as the labeller gives them, -1 for uncertain, empty for not mentioned. Ages
are published in groups of five years, of which the column ``age`` has the number that
stands there ("85 or more" is 85). Lateral films are L, LL or RL; oblique and decubitus
films have no view; ``extra_view_position`` has what is written. Dates are fictitious.
"""

import re

from mmcxr.datasets.public.brax import BRAX, BRAX_COUNTS
from mmcxr.datasets.public.chexpert import CHEXPERT_CLASSES
from mmcxr.preparing.films import Converter, Film, Listing
from mmcxr.preparing.source import Source
from mmcxr.preparing.writing import Tally

from .labeller import read_labels

_TABLES = ('master_spreadsheet_update.csv', 'master_spreadsheet.csv')
_PATH = re.compile(
    r'(?:^|/)(?P<image>[^/]+/(?P<study>[^/]+)/[^/]+/[^/]+\.(?:png|dcm))$'
)
_VIEWS = {
    **{'PA': 'PA', 'AP': 'AP', 'L': 'LATERAL', 'LL': 'LATERAL', 'RL': 'LATERAL'},
    **dict.fromkeys(('', 'RLO', 'LLO', 'RLD', 'LLD', 'AP LLD', 'LT-DECUB'), ''),
}
_FACTS = {
    'ViewPosition': 'extra_view_position',
    'StudyDate': 'extra_study_date',
    'Manufacturer': 'extra_manufacturer',
}


def read_brax(source: Source, tally: Tally) -> Listing:
    """List the films of the spreadsheet."""
    member = source.need(*_TABLES)
    found, column = source.ending(4, '.png'), 'PngPath'
    if not found:
        found, column = source.ending(4, '.dcm'), 'DicomPath'
    needed = ('PatientID', 'PatientSex', 'PatientAge', 'ViewPosition', column)
    table = source.table(member, needed)
    labels = read_labels(table, CHEXPERT_CLASSES, member)
    films = []
    rows = zip(table.to_dict('records'), labels, strict=True)
    for number, (row, marks) in enumerate(rows, start=1):
        place = f'{member.name}: row {number} ({row[column]})'
        match = _PATH.search(row[column])
        if match is None:
            tally.fault('invalid', 'paths that name no film', place)
            continue
        view = row['ViewPosition']
        if view not in _VIEWS:
            tally.note('views not understood', f'{place}: {view}')
        if row['PatientSex'] not in ('M', 'F', 'O', ''):
            tally.note('sexes not understood', f'{place}: {row["PatientSex"]}')
        cells = dict(
            patient_id=row['PatientID'],
            study_id=match['study'],
            view=_VIEWS.get(view, ''),
            sex=row['PatientSex'] if row['PatientSex'] in ('M', 'F', 'O') else '',
            age=_age(row['PatientAge'], place, tally),
            **marks,
            **{cell: row[name] for name, cell in _FACTS.items() if name in row},
        )
        films.append(Film(match['image'], found.get(match['image']), cells))
    return Listing(films, {}, found.values())


def _age(cell: str, place: str, tally: Tally) -> str:
    years = re.fullmatch(r'(\d{1,2}|1[01]\d)(?:\.0+)?(?: or more)?', cell)
    if cell and not years:
        tally.note('ages not understood', f'{place}: {cell}')
    return years[1] if years else ''


CONVERTER = Converter(BRAX.METAINFO, read_brax, BRAX_COUNTS)
