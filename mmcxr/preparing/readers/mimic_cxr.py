"""MIMIC-CXR-JPG 2.x, or MIMIC-CXR with its DICOM files, of PhysioNet.

https://physionet.org/content/mimic-cxr-jpg/2.1.0/,
https://physionet.org/content/mimic-cxr/2.1.0/

``files/p10/p10000032/s50414267/<dicom_id>.jpg`` (or ``.dcm``) with
``mimic-cxr-2.0.0-{metadata,split,chexpert,negbio}.csv.gz``, unpacked or not; reports
are ``files/p10/p10000032/s50414267.txt`` in ``mimic-cxr-reports.zip`` or beside the
films, so SOURCE is a folder that holds both downloads. Without the metadata films are
listed by ``cxr-record-list.csv.gz``, and views come from the DICOM headers. Where there
are JPEG and DICOM files the JPEG are taken.

A report is parsed into sections (:mod:`reports`); the column ``report``
holds all of it from the words FINAL REPORT on, on one line, and
``extra_last_paragraph`` the last paragraph of one with neither findings nor impression.
Labels are the CheXpert labeller's, NegBio's or, of some studies of the test set, a
radiologist's (``mimic-cxr-2.1.0-test-set-labeled.csv``, whose "Airspace Opacity" is the
labellers' "Lung Opacity"); those of the others are in columns ``extra_*`` (JSON of what
is mentioned). The films of the radiologist's studies are the split scheme
``radiologist``. Dates are the shifted ones of the release.
"""

import re

from mmcxr.datasets.public.mimic_cxr import MIMIC_COUNTS, MIMIC_LABELLERS, MIMICCXR
from mmcxr.datasets.tables.table import SECTIONS
from mmcxr.datasets.tables.table_file import TableError
from mmcxr.datasets.texts.reports import parse_sections
from mmcxr.preparing.archives import read_all
from mmcxr.preparing.films import Converter, Film, Listing
from mmcxr.preparing.source import Source
from mmcxr.preparing.writing import Tally, with_progress

from .mimic_labels import TABLE_NAME, TEST_SET, find_table, read_mimic_labels

_IDS = ('subject_id', 'study_id', 'dicom_id')
_JPEG = ('.jpg', '.jpeg', '.png')
#: Views by the names that the metadata has.
MIMIC_VIEWS = {
    **{'PA': 'PA', 'AP': 'AP', 'LATERAL': 'LATERAL', 'LL': 'LATERAL'},
    **{'RL': 'LATERAL', 'XTABLE LATERAL': 'LATERAL', '': ''},
}
_FACTS = {
    'PerformedProcedureStepDescription': 'extra_procedure',
    'ViewPosition': 'extra_view_position',
    'StudyDate': 'extra_study_date',
    'StudyTime': 'extra_study_time',
    'ViewCodeSequence_CodeMeaning': 'extra_view_code',
    'PatientOrientationCodeSequence_CodeMeaning': 'extra_orientation',
}
_SPLITS = {'train': 'train', 'validate': 'val', 'test': 'test'}


def read_mimic_cxr(source: Source, tally: Tally, labels: str = 'chexpert') -> Listing:
    """List the films of the metadata, or of the record list.

    Args:
        source: the downloads.
        tally: takes what is amiss.
        labels: whose labels become label columns, one of
            :data:`mmcxr.datasets.public.mimic_cxr.MIMIC_LABELLERS`.
    """
    rows = _read_films(source)
    found = source.named(*_JPEG) or source.named('.dcm')
    dicoms = any(file.suffix == '.dcm' for file in found.values())
    reports = _read_reports(source, tally)
    cells = {
        who: read_mimic_labels(source, who, labels, tally) for who in MIMIC_LABELLERS
    }
    by_hand = cells['radiologist']
    for study in sorted(by_hand.keys() - {row['study_id'] for row in rows}):
        tally.fault('invalid', f'studies of {TEST_SET} without a film', f's{study}')
    films, studies = [], {}
    for row in rows:
        subject, study, dicom = (row[name] for name in _IDS)
        if studies.setdefault(study, subject) != subject:
            tally.fault('invalid', 'studies of two patients', f's{study}')
        view = row.get('ViewPosition', '')
        if view not in MIMIC_VIEWS:
            tally.note('views not understood', f'{dicom}: {view}')
        file = found.get(dicom)
        suffix = file.suffix if file else ('.dcm' if dicoms else '.jpg')
        film = Film(
            f'p{subject[:2]}/p{subject}/s{study}/{dicom}{suffix}',
            file,
            dict(
                patient_id=f'p{subject}',
                study_id=f's{study}',
                view=MIMIC_VIEWS.get(view, ''),
                **reports.get(study, {}),
                **{cell: row[name] for name, cell in _FACTS.items() if name in row},
                **{k: v for who in cells for k, v in cells[who].get(study, {}).items()},
            ),
            header=('view',),
        )
        films.append(film)
    if reports:
        for study in studies.keys() - reports.keys():
            tally.note('studies without a report', f's{study}')
    read = [film.image for film in films if film.cells['study_id'][1:] in by_hand]
    splits = dict(
        official=_read_split(source, films, tally),
        radiologist=[(image, 'test') for image in read],
    )
    return Listing(films, splits, found.values(), 'DICOM' if dicoms else 'JPG')


def _read_films(source: Source) -> list[dict[str, str]]:
    metadata = TABLE_NAME.format('metadata')
    records = 'cxr-record-list.csv'
    names = [f'{name}{end}' for name in (metadata, records) for end in ('.gz', '')]
    member = source.need(*names)
    table = source.table(member, _IDS)
    for name in _IDS[:2]:
        bad = ~table[name].str.fullmatch(r'\d{8}').to_numpy()
        if bad.any():
            row = int(bad.argmax())
            raise TableError(
                f'{member}: row {row + 1}, column {name!r}: {table[name].iloc[row]!r} '
                'is no number of eight digits'
            )
    return table.to_dict('records')


def _read_split(
    source: Source, films: list[Film], tally: Tally
) -> list[tuple[str, str]]:
    table, member = find_table(source, 'split', ('dicom_id', 'split'), tally)
    names = {re.split(r'[/.]', film.image)[-2]: film.image for film in films}
    splits = []
    for dicom, split in table[['dicom_id', 'split']].itertuples(index=False):
        if split not in _SPLITS:
            raise TableError(
                f'{member}: {dicom} is in {split!r}, which is none of '
                f'{", ".join(_SPLITS)}'
            )
        if dicom not in names:
            kind = 'films of the split list that the table lacks'
            tally.fault('invalid', kind, dicom)
            continue
        splits.append((names[dicom], _SPLITS[split]))
    return splits


def _read_reports(source: Source, tally: Tally) -> dict[str, dict[str, str]]:
    """Texts of each study by its number."""
    files = {
        member.name: member
        for stem, member in source.named('.txt').items()
        if re.fullmatch(r's\d{8}', stem)
    }
    if not files:
        tally.note('reports not there', 'mimic-cxr-reports.zip')
    reports, failed = {}, {}
    read = read_all(files.values(), failed)
    for member, data in with_progress(read, 'reading reports', total=len(files)):
        try:
            reports[member.stem[1:]] = report_cells(data.decode())
        except UnicodeDecodeError as error:
            failed[member.name] = f'{member}: not UTF-8 ({error})'
    for fault in failed.values():
        tally.fault('unreadable', 'reports; left out', fault)
    return {study: cells for study, cells in reports.items() if cells['report']}


def report_cells(text: str) -> dict[str, str]:
    """Sections and whole text of a report as cells.

    Args:
        text: with its line ends.
    """
    sections = parse_sections(text)
    whole = ' '.join(text.split())
    return dict(
        **{name: sections.get(name, '') for name in SECTIONS},
        report=whole[max(whole.find('FINAL REPORT'), 0) :],
        extra_last_paragraph=sections.get('last_paragraph', ''),
    )


CONVERTER = Converter(
    MIMICCXR.METAINFO,
    read_mimic_cxr,
    MIMIC_COUNTS,
    dict(
        labels=dict(
            choices=MIMIC_LABELLERS,
            default='chexpert',
            help='whose labels become label columns; those of the others are kept in '
            'columns extra_* (default %(default)s)',
        )
    ),
)
