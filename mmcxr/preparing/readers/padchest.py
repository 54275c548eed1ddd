"""PadChest (https://bimcv.cipf.es/bimcv-projects/padchest/), as it comes.

``PADCHEST_chest_x_ray_images_labels_160K_01.02.19.csv`` (or .csv.gz) and the films,
16-bit PNG in ``0.zip`` ... ``54.zip`` or folders of those names. About twenty films of
the official archives are missing or damaged (torchxrayvision lists 21).

A label column is 1 where ``Labels`` has its finding and else 0; unknown where it has
none, or only that nothing changed or that the report is to be excluded. All findings
of an image are in ``extra_findings``. The view is ``Projection``, which somebody or a
network checked; films of the ribs (COSTAL) have none. The age is the year of the study
less that of birth. ``findings`` has the report: Spanish word stems.
"""

import ast
from functools import lru_cache

from mmcxr.datasets.public.padchest import (
    PADCHEST_COUNTS,
    PADCHEST_FINDINGS,
    PadChest,
)
from mmcxr.preparing.films import Converter, Film, Listing
from mmcxr.preparing.source import Source
from mmcxr.preparing.writing import Tally

_TABLE = 'PADCHEST_chest_x_ray_images_labels_160K_01.02.19.csv'
_COLUMNS = ('ImageID', 'ImageDir', 'StudyDate_DICOM', 'StudyID', 'PatientID')
_COLUMNS += ('PatientBirth', 'PatientSex_DICOM', 'Projection', 'Report')
_COLUMNS += ('MethodLabel', 'Labels')
_VIEWS = {'PA': 'PA', 'AP': 'AP', 'AP_horizontal': 'AP', 'L': 'LATERAL'}
_NO_VIEW = ('COSTAL', 'EXCLUDE', 'UNK')
_METHODS = {'Physician': 'physician', 'RNN_model': 'model'}
_TELLS_NOTHING = {'unchanged', 'exclude'}


def read_padchest(source: Source, tally: Tally) -> Listing:
    """List the films of the table."""
    member = source.need(_TABLE, f'{_TABLE}.gz')
    table = source.table(member, _COLUMNS)
    found = source.named('.png')
    films, splits = [], []
    rows = zip(*(table[name].tolist() for name in _COLUMNS), strict=True)
    for number, row in enumerate(rows, start=1):
        record = dict(zip(_COLUMNS, row, strict=True))
        place = f'{member.name}: row {number} ({record["ImageID"]})'
        image = f'{record["ImageDir"]}/{record["ImageID"]}'
        terms = _terms(record['Labels'], place, tally)
        if record['Projection'] not in (*_VIEWS, *_NO_VIEW):
            tally.note('views not understood', f'{place}: {record["Projection"]}')
        cells = dict(
            patient_id=record['PatientID'],
            study_id=record['StudyID'],
            view=_VIEWS.get(record['Projection'], ''),
            sex=_sex(record['PatientSex_DICOM']),
            age=_age(record['StudyDate_DICOM'], record['PatientBirth'], place, tally),
            findings=record['Report'].strip(),
            extra_findings='; '.join(terms),
            extra_projection=record['Projection'],
        )
        file = found.get(record['ImageID'].removesuffix('.png'))
        films.append(Film(image, file, cells, shared=label_terms(terms)))
        if record['MethodLabel'] in _METHODS:
            splits.append((image, _METHODS[record['MethodLabel']]))
        else:
            kind = 'methods of labelling not known'
            tally.fault('invalid', kind, f'{place}: {record["MethodLabel"]}')
    return Listing(films, dict(labelled_by=splits), found.values())


def _terms(cell: str, place: str, tally: Tally) -> tuple[str, ...]:
    terms = parse_terms(cell)
    if terms is None:
        tally.fault('invalid', 'labels that are no list', f'{place}: {cell[:60]}')
    return terms or ()


@lru_cache(maxsize=1 << 16)  # few of the cells are different
def parse_terms(cell: str) -> tuple[str, ...] | None:
    """Findings of a cell of ``Labels``, a Python list of texts; None: it is none."""
    try:
        value = ast.literal_eval(cell or '[]')
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
        return None
    return tuple(dict.fromkeys(filter(None, (term.strip() for term in value))))


@lru_cache(maxsize=1 << 16)
def label_terms(terms: tuple[str, ...]) -> dict[str, int | str]:
    """Label columns of the findings of an image; the same dict for the same ones."""
    if set(terms) <= _TELLS_NOTHING:
        return dict.fromkeys(PADCHEST_FINDINGS, '')
    return {name: int(name in terms) for name in PADCHEST_FINDINGS}


def _sex(word: str) -> str:
    return word if word in ('M', 'F', 'O') else ''


def _age(day: str, birth: str, place: str, tally: Tally) -> str:
    """Years between a day (20140915) and a year (1930.0); '' where either is absent."""
    if not day or not birth:
        return ''
    try:
        years = int(day[:4]) - int(float(birth))
    except ValueError:
        years = -1
    if not 0 <= years <= 120:
        tally.note('ages that cannot be', f'{place}: born {birth}, studied {day}')
        return ''
    return str(years)


CONVERTER = Converter(PadChest.METAINFO, read_padchest, PADCHEST_COUNTS)
