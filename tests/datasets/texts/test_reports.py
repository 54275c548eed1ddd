import importlib.util
import io
import tarfile
from collections import Counter
from pathlib import Path

import pytest

from mmcxr.datasets.texts.reports import parse_openi_xml, parse_sections
from mmcxr.datasets.texts.sentences import split_sentences

REPORT = """                                 FINAL REPORT
 EXAMINATION:  CHEST (PA AND LAT)

 INDICATION:  ___F with cough  // eval for pneumonia

 TECHNIQUE:  Chest PA and lateral

 COMPARISON:  ___

 FINDINGS:

 Heart size is normal.  There is no
 effusion; the tip is 2.5 cm high: see ___.

 IMPRESSION:

 No acute process.
"""
SECTIONS = dict(
    examination='CHEST (PA AND LAT)',
    indication='___F with cough // eval for pneumonia',
    technique='Chest PA and lateral',
    comparison='___',
    findings='Heart size is normal. There is no effusion; the tip is 2.5 cm high: '
    'see ___.',
    impression='No acute process.',
)


def main_sections(report):
    sections = parse_sections(report)
    return sections.get('findings'), sections.get('impression')


def test_a_whole_report_with_or_without_newlines():
    assert parse_sections(REPORT) == SECTIONS
    assert parse_sections(' '.join(REPORT.split())) == SECTIONS
    assert parse_sections(REPORT.replace('\n', '\r\n')) == SECTIONS


@pytest.mark.parametrize(
    'report, expected',
    [
        ('CONCLUSION: Normal.', (None, 'Normal.')),
        ('FINDINGS AND IMPRESSION: Normal.', (None, 'Normal.')),
        ('FINDINGS/IMPRESSION:\n Normal.', (None, 'Normal.')),
        ('Findings: Clear.\nImpression: Normal.', ('Clear.', 'Normal.')),
        ('FINIDNGS: Clear.\n IMPRESSOIN: Normal.', ('Clear.', 'Normal.')),
        ('CHEST, TWO VIEWS: Clear.\n IMPRESSION: None.', ('Clear.', 'None.')),
        ('PORTABLE AP CHEST:\n\n HISTORY: x.\n FINDINGS: Clear.', ('Clear.', None)),
        (
            'FINDINGS:\n LUNGS: Clear.\n HEART: Big.',
            ('LUNGS: Clear. HEART: Big.', None),
        ),
        ('LUNGS: Clear.\n HEART: Big.', ('LUNGS: Clear. HEART: Big.', None)),
        ('FINDINGS: Clear.\n FINDINGS:\n\n IMPRESSION: ', ('Clear.', None)),
        ('IMPRESSION: Old.\n IMPRESSION: Corrected.', (None, 'Corrected.')),
        (
            'FINDINGS: Clear.\n Note: the tip is low. RECOMMENDATION(S): CT.',
            ('Clear. Note: the tip is low.', None),
        ),
    ],
)
def test_headers(report, expected):
    assert main_sections(report) == expected


def test_wet_read_and_addendum_are_kept_apart():
    report = (
        ' WET READ: ___ ___ 8:40 PM\n  No pneumothorax.\n WET READ VERSION #1\n'
        + ' ' + '_' * 78 + '\n' + ' ' * 33 + 'FINAL ADDENDUM\n'
        ' ADDENDUM:  Discussed with Dr. ___.\n' + '_' * 78 + '\n'
        + ' ' * 33 + 'FINAL REPORT\n PORTABLE CHEST, ___\n \n'
        ' COMPARISON:  None.\n \n FINDINGS:  Small effusion.\n'
    )  # fmt: skip
    assert parse_sections(report) == {
        'wet read': '___ ___ 8:40 PM No pneumothorax.',
        'addendum': 'Discussed with Dr. ___.',
        'comparison': 'None.',
        'findings': 'Small effusion.',
    }


def test_last_paragraph_stands_in():
    report = (
        ' FINAL REPORT\n AP CHEST, ___\n \n HISTORY:  Cough.\n \n'
        ' The lungs are clear.\n \n Heart is normal.\n \n NOTIFICATION:  None.\n'
    )
    assert parse_sections(report) == dict(
        history='Cough.',
        notification='None.',
        last_paragraph='The lungs are clear. Heart is normal.',
    )
    assert parse_sections('Normal chest.') == dict(last_paragraph='Normal chest.')
    assert parse_sections(' AP CHEST\n\n Normal.') == dict(last_paragraph='Normal.')
    assert parse_sections('INDICATION: Cough.') == dict(indication='Cough.')
    assert parse_sections(' \n') == {}


def test_a_cell_that_is_no_text_is_refused():
    for cell in (float('nan'), None, ['a']):
        with pytest.raises(TypeError, match='a report is a text'):
            parse_sections(cell)


@pytest.fixture(scope='module')
def openi():
    # Found, not imported: only the data in its wheel is wanted.
    package = importlib.util.find_spec('torchxrayvision')
    if package is None:
        pytest.skip('torchxrayvision, whose wheel holds the reports, is missing')
    archive = Path(package.origin).parent / 'data' / 'NLMCXR_reports.tgz'
    with tarfile.open(fileobj=io.BytesIO(archive.read_bytes())) as tar:
        members = [m for m in tar.getmembers() if m.name.endswith('.xml')]
        return [parse_openi_xml(tar.extractfile(member).read()) for member in members]


def test_all_openi_reports_parse(openi):
    assert len({report['uid'] for report in openi}) == 3955
    has = Counter((bool(r['findings']), bool(r['impression'])) for r in openi)
    assert has == {
        (True, True): 3419,
        (False, True): 502,
        (True, False): 6,
        (False, False): 28,
    }
    images = Counter(len(report['images']) for report in openi)
    assert images == {0: 104, 1: 446, 2: 3208, 3: 181, 4: 15, 5: 1}


def test_openi_sentences_lose_nothing(openi):
    sentences = 0
    for report in openi:
        for name in ('findings', 'impression'):
            split = split_sentences(report[name])
            assert ' '.join(split) == report[name]
            sentences += len(split)
    assert 22_000 < sentences < 24_000  # about six a report


def test_one_openi_report(openi):
    report = next(report for report in openi if report['uid'] == 'CXR1')
    assert report['impression'] == 'Normal chest x-XXXX.'
    assert report['indication'] == 'Positive TB test'
    assert report['comparison'] == 'None.'
    assert report['findings'].startswith('The cardiac silhouette and mediastinum')
    assert report['mesh'] == ['normal']
    assert report['images'] == [
        dict(image=f'CXR1_1_IM-0001-{n}001', caption='Xray Chest PA and Lateral')
        for n in (3, 4)
    ]


def test_other_xml_is_refused_by_name(tmp_path):
    path = tmp_path / 'broken.xml'
    for content in ('<eCitation>', '<eCitation/>'):
        path.write_text(content)
        with pytest.raises(ValueError, match=r'broken\.xml: (not an XML|no Abstract)'):
            parse_openi_xml(path)
