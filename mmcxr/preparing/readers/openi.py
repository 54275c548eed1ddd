"""Open-I, the Indiana University collection (https://openi.nlm.nih.gov/faq).

Takes the reports (``NLMCXR_reports.tgz``: ``ecgen-radiology/1.xml`` ...) and the films,
as PNG (``NLMCXR_png.tgz``: ``CXR1_1_IM-0001-3001.png`` ...) or DICOM
(``NLMCXR_dcm.tgz``: ``1/1_IM-0001-3001.dcm``, of which ``….dcm.png`` copies go about).

A report is a study, and one patient has one. The view comes from the DICOM header; for
PNG from ``nlmcxr_dicom_metadata.csv.gz``, which torchxrayvision ships, if it lies in
the source, and is else unknown. De-identification marks (XXXX) stay in the text.

Labels are words in MeSH terms. Those ``given`` by hand (``extra_mesh``) name what the
report states; a report they call "No Indexing" has no labels. Those a program found
(``automatic``, ``extra_mesh_automatic``; torchxrayvision's labels) miss a "borderline
cardiomegaly" and count a "cardiomegaly or pericardial effusion" as both.
"""

import re

from mmcxr.datasets.public.openi import OPENI_COUNTS, OPENI_WORDS, OpenI
from mmcxr.datasets.tables.table_file import TableError
from mmcxr.datasets.texts.reports import parse_openi_xml
from mmcxr.preparing.archives import Member, read_all
from mmcxr.preparing.films import Converter, Film, Listing
from mmcxr.preparing.source import Source
from mmcxr.preparing.writing import Tally

_SUFFIX = re.compile(r'(\.dcm)?\.(png|jpe?g|dcm)$', re.IGNORECASE)
_METADATA = 'nlmcxr_dicom_metadata.csv'
_VIEWS = {'PA': 'PA', 'AP': 'AP'}


def read_openi(source: Source, tally: Tally, terms: str = 'given') -> Listing:
    """List the films that a report names.

    Args:
        source: the download.
        tally: takes what is amiss.
        terms: 'given' or 'automatic', where the labels come from.
    """
    reports = _read_reports(source, tally)
    if not reports:
        raise TableError(f'{source.root}: holds no report that can be read (1.xml ...)')
    found = _find_films(source, tally)
    views = _read_views(source, tally)
    films = []
    for report in reports:
        if not report['images']:
            tally.note('reports without an image', report['uid'])
        cells = _cells(report, terms)
        for image in report['images']:
            name = image['image']
            file = found.get(name.removeprefix('CXR'))
            view = {'view': views[name]} if name in views else {}
            suffix = file.suffix if file else '.png'
            films.append(
                Film(f'{name}{suffix}', file, {**cells, **view}, header=('view',))
            )
    return Listing(films, {}, found.values())


def mesh_labels(terms: list[str]) -> dict[str, int | str]:
    """Labels of the MeSH terms of a report: 1 where a term holds a word of it."""
    terms = [term.lower() for term in terms]
    if 'no indexing' in terms:
        return dict.fromkeys(OPENI_WORDS, '')
    return {
        name: int(any(word in term for word in words for term in terms))
        for name, words in OPENI_WORDS.items()
    }


def _cells(report: dict, terms: str) -> dict:
    given = report['mesh_automatic' if terms == 'automatic' else 'mesh']
    return dict(
        patient_id=report['uid'],
        study_id=report['uid'],
        view='',
        findings=report['findings'],
        impression=report['impression'],
        **mesh_labels(given),
        extra_indication=report['indication'],
        extra_comparison=report['comparison'],
        extra_mesh='; '.join(report['mesh']),
        extra_mesh_automatic='; '.join(report['mesh_automatic']),
    )


def _read_reports(source: Source, tally: Tally) -> list[dict]:
    """Reports in the order of their numbers."""
    reports, failed = [], {}
    files = [file for file in source.members.values() if file.suffix == '.xml']
    for member, data in read_all(files, failed):
        try:
            report = parse_openi_xml(data)
        except ValueError as error:
            cause = str(error).removeprefix('the bytes given: ')
            failed[member.name] = f'{member}: {cause}'
            continue
        report['uid'] = report['uid'] or member.stem
        reports.append(report)
    for fault in failed.values():
        tally.fault('unreadable', 'reports; left out', fault)
    return sorted(reports, key=lambda report: _number(report['uid']))


def _number(uid: str) -> tuple[int, str]:
    digits = re.sub(r'\D', '', uid)
    return int(digits or 0), uid


def _find_films(source: Source, tally: Tally) -> dict[str, Member]:
    """Films by name without CXR and suffix: '1_1_IM-0001-3001'."""
    found: dict[str, Member] = {}
    for member in source.members.values():
        base = member.name.rpartition('/')[2]
        stem = _SUFFIX.sub('', base)
        if stem == base:
            continue
        first = found.setdefault(stem.removeprefix('CXR'), member)
        if first is not member and not member.inside:
            kind = 'films that are there twice; not read'
            tally.fault('duplicate', kind, member.name)
    return found


def _read_views(source: Source, tally: Tally) -> dict[str, str]:
    member = source.find(_METADATA) or source.find(f'{_METADATA}.gz')
    if member is None:
        return {}
    columns = ('imageid', 'View Position')
    table = source.table(member, columns)
    views = {}
    for name, word in table[list(columns)].values.tolist():
        view = _VIEWS.get(word, 'LATERAL' if word in ('LL', 'RL') else '')
        view = view or ('LATERAL' if word.endswith('LATERAL') else '')
        if word and not view:
            tally.note('views not understood', f'{name} ({word})')
        views[name] = view
    return views


CONVERTER = Converter(
    OpenI.METAINFO,
    read_openi,
    OPENI_COUNTS,
    dict(
        terms=dict(
            choices=('given', 'automatic'),
            default='given',
            help='MeSH terms to read labels out of: given by hand, or by a program, as '
            'in torchxrayvision (default %(default)s)',
        )
    ),
)
