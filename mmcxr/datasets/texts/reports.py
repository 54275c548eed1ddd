"""Sections of radiology reports: MIMIC-CXR's free text and Open-I's XML.

The header names and what they stand for follow MIMIC-CXR's own section parser
(https://github.com/MIT-LCP/mimic-cxr, ``txt/section_parser.py``); its list of
about fifty hand-corrected studies is not carried over.
"""

import difflib
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

NAMES = {
    'findings': 'findings|finding|reference findings',
    'impression': 'impression|conclusion|conclusions|opinion|findings and impression|'
    'findings/impression|findings/ impression|impression and recommendation',
    'indication': 'indication|reason for examination|reason for exam|'
    'clinical indication',
    'history': 'history|clinical history|patient history|clinical information|pfi',
    'comparison': 'comparison|comparisons|comparison exam|comparison film|'
    'reference exam',
    'technique': 'technique',
    'examination': 'examination|exam|type of examination|study',
    'recommendations': 'recommendations|recommendation|recommendation(s)',
    'notification': 'notification',
    'addendum': 'addendum',
    'wet read': 'wet read|wetread',
    'note': 'note|comment',
    'date': 'date',
}
ALIASES = {alias: name for name, all_ in NAMES.items() for alias in all_.split('|')}
MAIN = ('impression', 'findings', 'history', 'comparison', 'addendum')
# A header that only names the films stands over their findings.
FILMS = re.compile(
    r'chest|portable|pa and lat|lateral and|ap and lateral|frontal|'
    r'(two|one|pa|ap|lateral) views?|bone window|ribs'
)
# A header that names an organ stands inside the findings.
ORGANS = re.compile(
    r'lungs?|heart|cardi|pleura|mediastin|hila|bones?\b|osseous|skelet|'
    r'(support )?(lines|tubes|devices)|airway|diaphragm|abdomen|soft tissue|vascul'
)
# Words that also open ordinary sentences: headers in capitals only.
LOOSE = ('note', 'date')
AFTERWORD = ('addendum', 'wet read', 'notification', 'recommendations', 'note')

LINE_HEADER = re.compile(
    r'^[ \t]*(?P<name>[A-Z][\w ()/,&.-]*?)[ \t]*:(?=\s|$)', re.MULTILINE
)
# Mid-line only in capitals, and only names that no sentence would use so.
INLINE_HEADER = re.compile(
    r'(?<!\S)(?P<name>'
    + '|'.join(
        re.escape(alias.upper())
        for alias in sorted(ALIASES, key=len, reverse=True)
        if ALIASES[alias] not in LOOSE and alias not in ('study', 'exam')
    )
    + r'):(?=\s|$)'
)
TITLE = re.compile(
    r'(?<!\S)(?P<name>FINAL REPORT|FINAL ADDENDUM)(?!\S)|_{10,}|'
    r'^[ \t]*WET READ VERSION.*$',
    re.MULTILINE,
)


def parse_sections(report: str) -> dict[str, str]:
    """Cut a free-text report into its sections.

    Headers ("FINDINGS:", "IMPRESSION:", "CONCLUSION:", "FINDINGS AND
    IMPRESSION:", "CHEST, TWO VIEWS:", misspelt ones) are found at the start of a
    line or, in capitals, anywhere, so a report whose newlines were lost parses
    too. Of two sections of one name the later one that has text counts, which is
    the corrected one. A preliminary wet read or an addendum is never taken for
    findings or impression.

    Args:
        report: the whole text, with or without newlines.

    Returns:
        {name: text} of the sections that have text, white space collapsed and
        marks such as ``___`` kept (see
        :func:`mmcxr.datasets.texts.sentences.clean_report`). Without findings and
        impression, ``last_paragraph`` is what follows the first paragraph of the
        last section, or all of a single paragraph without headers.

    Raises:
        TypeError: not a text, a NaN of an empty cell for instance.
    """
    if not isinstance(report, str):
        raise TypeError(f'a report is a text, not {report!r:.80}')
    pieces = _merge_organs(_pieces(report))
    sections = {name: body for name, body in pieces if body.strip() and name}
    if not {'findings', 'impression'} & set(sections):
        _add_last_paragraph(pieces, sections)
    return {name: ' '.join(body.split()) for name, body in sections.items()}


def _pieces(report: str) -> list[tuple[str, str]]:
    """(header, body) in order; the header of a title or the preamble is ''."""
    starts = {}  # offset of the header -> (end of the header, name)
    for match in LINE_HEADER.finditer(report):
        name = match['name']
        if name.isupper() or ALIASES.get(name.lower(), 'note') not in LOOSE:
            starts[match.start('name')] = (match.end(), name)
    for match in INLINE_HEADER.finditer(report):
        starts.setdefault(match.start('name'), (match.end(), match['name']))
    for match in TITLE.finditer(report):
        starts[match.start()] = (match.end(), '')
    pieces, begin, name = [], 0, ''
    for start in sorted(starts):
        if start < begin:
            continue  # inside the header before it
        pieces.append((name, report[begin:start]))
        begin, name = starts[start]
    pieces.append((name, report[begin:]))
    return pieces


def _merge_organs(pieces: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Give sections their plain names; "LUNGS: clear" goes back into the text."""
    merged = []
    for header, body in pieces:
        name = _canonical(header)
        if name != 'organ':
            merged.append((name, body))
        elif merged and merged[-1][0] in ('findings', 'impression'):
            merged[-1] = (merged[-1][0], f'{merged[-1][1]}\n{header}:{body}')
        else:
            merged.append(('findings', f'{header}:{body}'))
    return merged


def _canonical(header: str) -> str:
    name = ' '.join(header.lower().split())
    if name in ALIASES or not name:
        return ALIASES.get(name, name)
    for main in MAIN:
        if main in name:
            return main
    if FILMS.search(name):
        return 'findings'
    if ORGANS.match(name):
        return 'organ'
    # Typing errors: "finidngs", "impressoin".
    close = difflib.get_close_matches(name, ALIASES, n=1, cutoff=0.85)
    return ALIASES[close[0]] if close else name


def _add_last_paragraph(pieces, sections) -> None:
    bodies = [(n, b) for n, b in pieces if b.strip() and n not in AFTERWORD]
    if not bodies:
        return
    name, body = bodies[-1]
    first, *rest = re.split(r'\n[ \t]*\n', body.strip())
    if not rest and not sections:
        sections['last_paragraph'] = first
    elif any(paragraph.strip() for paragraph in rest):
        sections['last_paragraph'] = '\n'.join(rest)
        if name:
            sections[name] = first


def parse_openi_xml(source: str | Path | bytes) -> dict:
    """Read one report of Open-I (Indiana University), as its XML stands.

    Args:
        source: path of an ``ecgen-radiology`` file, or its bytes.

    Returns:
        dict: ``uid`` (CXR1), ``findings``, ``impression``, ``indication``,
        ``comparison`` (text, '' where the report has none, de-identification
        marks ``XXXX`` kept), ``images`` (list of dict ``image``, the file name
        without suffix, and ``caption``), ``mesh`` (terms given by hand) and
        ``mesh_automatic``.

    Raises:
        ValueError: no XML, or none of Open-I's; names the file.
    """
    where = 'the bytes given' if isinstance(source, bytes) else str(source)
    content = source if isinstance(source, bytes) else Path(source).read_bytes()
    try:
        root = ElementTree.fromstring(content)
    except ElementTree.ParseError as error:
        raise ValueError(f'{where}: not an XML report: {error}') from error
    sections = {
        node.get('Label', '').lower(): ' '.join(''.join(node.itertext()).split())
        for node in root.iter('AbstractText')
    }
    if not sections:
        raise ValueError(f'{where}: no AbstractText; not a report of Open-I')
    uid = root.find('uId')
    names = ('findings', 'impression', 'indication', 'comparison')
    return dict(
        uid='' if uid is None else uid.get('id', ''),
        **{name: sections.get(name, '') for name in names},
        images=[
            dict(
                image=node.get('id', ''),
                caption=' '.join((node.findtext('caption') or '').split()),
            )
            for node in root.iter('parentImage')
        ],
        mesh=[node.text.strip() for node in root.iter('major') if node.text],
        mesh_automatic=[n.text.strip() for n in root.iter('automatic') if n.text],
    )
