"""REFLACX 1.0.0: readings of MIMIC-CXR films by five radiologists.

https://physionet.org/content/reflacx-xray-localization/1.0.0/

``main_data/metadata_phase_{1,2,3}.csv`` (a row per reading) and, per reading,
``main_data/<id>/{anomaly_location_ellipses,chest_bounding_box}.csv`` and
``transcription.txt``. The films are MIMIC-CXR's, JPEG or DICOM, of any size: in SOURCE,
or in the folder ``films`` (of a release, or of ``images/`` of a converted one). Views
come from ``mimic-cxr-2.0.0-metadata.csv.gz`` or from the DICOM headers.

Readers gave each finding a certainty: 0 not selected, 1 unlikely (below 10 %), 2 less
likely (25 %), 3 possibly (50 %), 4 probably (75 %), 5 consistent with (above 90 %). A
reading says 1 from ``certainty`` on; 3 is what the authors' own programs take
(github.com/ricbl). Films of phases 1 and 2 have several readings, which become one
label by the rules of :func:`.vindr_cxr.combine`. Phase 1 asked for other findings than
phases 2 and 3; none are translated, those not asked for are unknown.

Nothing is lost by that: ``extra_readings`` (JSON) has of each reading its id, phase,
certainties above 0, ellipses (corners of the box around, certainty, findings), box of
the chest, other findings and transcription, in pixels of the official film. ``boxes``
has the box around each ellipse that reaches ``certainty``, once for each of its
findings. Where the eyes went (fixations.csv, gaze.csv) is not converted.
"""

import json
import re

from mmcxr.datasets.public.reflacx import (
    REFLACX,
    REFLACX_COUNTS,
    REFLACX_FINDINGS,
    REFLACX_FIRST_FINDINGS,
)
from mmcxr.datasets.public.vindr_cxr import VINDR_RULES
from mmcxr.datasets.tables.table_file import TableError
from mmcxr.preparing.films import Converter, Film, Listing
from mmcxr.preparing.source import Source
from mmcxr.preparing.writing import Tally

from .mimic_cxr import MIMIC_VIEWS
from .mimic_labels import find_table
from .reflacx_readings import read_reading, read_votes
from .vindr_cxr import combine

_PHASES = {1: REFLACX_FIRST_FINDINGS, 2: REFLACX_FINDINGS, 3: REFLACX_FINDINGS}
_FACTS = ('id', 'split', 'image', 'dicom_id', 'subject_id')
_SIZES = ('image_size_x', 'image_size_y')
_SPLITS = {'train': 'train', 'validate': 'val', 'test': 'test'}
_STUDY = re.compile(r'(?:^|/)s(\d{8})(?:/|$)')
_NAMES = tuple(
    dict.fromkeys(
        [*REFLACX_FINDINGS, 'Support devices', *REFLACX_FIRST_FINDINGS, 'Quality issue']
    )
)


def read_reflacx(
    source: Source,
    tally: Tally,
    films: str | None = None,
    readers: str = 'majority',
    certainty: int = 3,
) -> Listing:
    """List the films that were read.

    Args:
        source: the download, with or without the films.
        tally: takes what is amiss.
        films: folder of the films, if they are not in ``source``.
        readers: one of :data:`mmcxr.datasets.public.vindr_cxr.VINDR_RULES`.
        certainty: from which on a reading says 1.
    """
    place = Source(films, tally) if films else source
    found = place.named('.jpg', '.jpeg', '.png') or place.named('.dcm')
    views = _read_views(place, tally)
    listed, splits = [], []
    for dicom, readings in _read_phases(source, certainty, tally).items():
        first = readings[0]
        cells = dict(
            patient_id=f'p{first["subject_id"]}',
            study_id=f's{first["study"]}',
            view=views.get(dicom, ''),
        )
        for name in _NAMES:
            votes = [reading['votes'].get(name) for reading in readings]
            cells[name] = combine(votes, readers)
        cells['extra_phase'] = str(first['told']['phase'])
        told = [reading['told'] for reading in readings]
        cells['extra_readings'] = json.dumps(told, ensure_ascii=False)
        boxes = tuple(box for reading in readings for box in reading['boxes'])
        file = found.get(dicom)
        folder = f'p{first["subject_id"][:2]}/{cells["patient_id"]}'
        name = f'{dicom}{file.suffix if file else ".jpg"}'
        film = Film(
            f'{folder}/{cells["study_id"]}/{name}',
            file,
            cells,
            boxes=boxes,
            frame=first['frame'],
            header=('view',),
        )
        listed.append(film)
        splits.append((film.image, _SPLITS[first['split']]))
    # MIMIC-CXR's other films are no fault of anybody's.
    used = [film.file for film in listed if film.file]
    return Listing(listed, dict(official=splits), used, readers)


def _read_phases(source: Source, certainty: int, tally: Tally) -> dict[str, list]:
    """Readings by film, in the order of the phases."""
    films: dict[str, list] = {}
    for phase, findings in _PHASES.items():
        member = source.need(f'metadata_phase_{phase}.csv')
        devices = ('Support devices', *(('Quality issue',) if phase == 1 else ()))
        table = source.table(member, (*_FACTS, *_SIZES, *findings, *devices))
        rows = table.to_dict('records')
        for number, row in enumerate(rows, start=1):
            place = f'{member}: row {number}'
            if row['split'] not in _SPLITS:
                raise TableError(
                    f'{place}, column split: {row["split"]!r} is none of '
                    f'{", ".join(_SPLITS)}'
                )
            votes, told = read_votes(row, findings, devices, certainty, place)
            study = _STUDY.search(row['image'])
            if study is None or not all(row[name].isdigit() for name in _SIZES):
                kind = 'readings without study or size of their film; left out'
                tally.fault('invalid', kind, f'{member.name}: row {number}')
                continue
            reading = {name: row[name] for name in _FACTS}
            reading |= dict(study=study[1], votes=votes)
            reading['frame'] = tuple(int(row[name]) for name in _SIZES[::-1])
            told = dict(id=row['id'], phase=phase, **told)
            shapes, boxes = read_reading(source, row['id'], findings, certainty, tally)
            reading |= dict(told=told | shapes, boxes=boxes)
            same = films.setdefault(row['dicom_id'], [])
            facts = ('subject_id', 'study', 'split', 'frame')
            if same and any(same[0][name] != reading[name] for name in facts):
                kind = 'readings that contradict another of their film; left out'
                tally.fault('invalid', kind, f'{member.name}: row {number}')
                continue
            same.append(reading)
    return films


def _read_views(source: Source, tally: Tally) -> dict[str, str]:
    columns = ('dicom_id', 'ViewPosition')
    table, _ = find_table(source, 'metadata', columns, tally)
    rows = table[list(columns)].itertuples(index=False)
    return {dicom: MIMIC_VIEWS.get(view, '') for dicom, view in rows}


CONVERTER = Converter(
    REFLACX.METAINFO,
    read_reflacx,
    REFLACX_COUNTS,
    dict(
        films=dict(
            metavar='FOLDER',
            help="of MIMIC-CXR's films, or of a converted MIMIC-CXR, if they are not "
            'in SOURCE',
        ),
        readers=dict(
            choices=VINDR_RULES,
            default='majority',
            help='which readings make a label 1: any, more than half, or all (agreed), '
            'with -1 where they differ (default %(default)s)',
        ),
        certainty=dict(
            type=int,
            choices=range(1, 6),
            default=3,
            help='from which on a reading says 1: 1 unlikely, 2 less likely, '
            '3 possibly, 4 probably, 5 consistent with (default %(default)s)',
        ),
    ),
)
