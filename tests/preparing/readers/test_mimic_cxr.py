"""MIMIC-CXR-JPG and MIMIC-CXR.

Layout: https://physionet.org/content/mimic-cxr-jpg/2.1.0/ and
https://physionet.org/content/mimic-cxr/2.1.0/ (folders, names of files and columns);
labels as read by torchxrayvision's ``MIMIC_Dataset``. Reports are made up in the form
of the real ones: a title indented by 33 blanks, lines that begin with a blank.
"""

import gzip
import json
import zipfile

import pytest
from downloads import list_source, write_dicom, write_image, write_text

from mmcxr.datasets.public.chexpert import CHEXPERT_CLASSES
from mmcxr.datasets.public.mimic_cxr import MIMICCXR
from mmcxr.datasets.tables.splits import read_split
from mmcxr.datasets.tables.table import TableError, read_table
from mmcxr.preparing.convert import convert
from mmcxr.preparing.placing import Options
from mmcxr.preparing.readers.mimic_cxr import CONVERTER, report_cells

DICOMS = [f'{n:08x}-bde0afdd-112c0b34-7bc16630-4e384014' for n in range(5)]
STUDIES = [
    ('10000032', '50414267'),
    ('10000032', '50414267'),
    ('10000032', '53189527'),
    ('11000011', '51029426'),
    ('11000011', '51029426'),
]
VIEWS = ['PA', 'LL', 'AP', 'SWIMMERS', '']
METADATA = 'dicom_id,subject_id,study_id,PerformedProcedureStepDescription,'
METADATA += 'ViewPosition,Rows,Columns,StudyDate,StudyTime,'
METADATA += 'ProcedureCodeSequence_CodeMeaning,ViewCodeSequence_CodeMeaning,'
METADATA += 'PatientOrientationCodeSequence_CodeMeaning\n'
LABELS = f'subject_id,study_id,{",".join(sorted(CHEXPERT_CLASSES))}\n'
BLANKS = ' ' * 33
REPORTS = {
    '50414267': f"""{BLANKS}FINAL REPORT
 EXAMINATION:  CHEST (PA AND LAT)
 
 INDICATION:  ___F with cough  // ?pneumonia
 
 FINDINGS: 
 
 The lungs are clear.  There is no
 effusion.
 
 IMPRESSION: 
 
 No acute process.
""",
    '53189527': f"""{BLANKS} WET READ: ___ ___ ___ 8:25 AM
  Something preliminary.
______________________________________________________________________________
{BLANKS}FINAL REPORT
 CHEST RADIOGRAPH PERFORMED ON ___
 
 Edema has become less.
""",
}


def write_mimic(root):
    """Both releases under one folder, as wget leaves them."""
    jpg = root / 'mimic-cxr-jpg/2.1.0'
    rows = [
        f'{dicom},{subject},{study},CHEST (PA AND LAT),{view},3056,2544,21800506,'
        '213014.531,CHEST (PA AND LAT),postero-anterior,Erect\n'
        for dicom, (subject, study), view in zip(DICOMS, STUDIES, VIEWS, strict=True)
    ]
    write_gz(jpg, 'metadata', METADATA + ''.join(rows))
    splits = ['train', 'train', 'train', 'validate', 'test']
    rows = [
        f'{dicom},{study},{subject},{split}\n'
        for dicom, (subject, study), split in zip(DICOMS, STUDIES, splits, strict=True)
    ]
    write_gz(jpg, 'split', 'dicom_id,study_id,subject_id,split\n' + ''.join(rows))
    no_finding = sorted(CHEXPERT_CLASSES).index('No Finding')
    cells = [''] * 14
    clear = [*cells[:no_finding], '1.0', *cells[no_finding + 1 :]]
    wet = ['-1.0', '', '', '1.0', *cells[4:]]
    rows = [
        f'{subject},{study},{",".join(cells)}\n'
        for (subject, study), cells in ((STUDIES[0], clear), (STUDIES[2], wet))
    ]
    write_gz(jpg, 'chexpert', LABELS + ''.join(rows))
    write_gz(jpg, 'negbio', LABELS + ''.join(rows).replace('-1.0', '0.0'))
    for dicom, (subject, study) in zip(DICOMS, STUDIES, strict=True):
        write_image(jpg / f'files/p{subject[:2]}/p{subject}/s{study}/{dicom}.jpg')
    path = root / 'mimic-cxr/2.1.0/mimic-cxr-reports.zip'
    path.parent.mkdir(parents=True)
    with zipfile.ZipFile(path, 'w') as archive:
        for study, text in REPORTS.items():
            archive.writestr(f'files/p10/p10000032/s{study}.txt', text)
    write_text(path.parent / 'LICENSE.txt', 'The PhysioNet Credentialed License')
    return root


@pytest.fixture
def source(tmp_path):
    return write_mimic(tmp_path / 'physionet.org/files')


def write_gz(root, which, text):
    path = root / f'mimic-cxr-2.0.0-{which}.csv.gz'
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(text.encode(), mtime=0))


def test_films_reports_and_labels(source, tmp_path):
    out = tmp_path / 'out'
    found = convert(CONVERTER, source, out)
    table = read_table(out, check_files=-1)
    first = f'p10/p10000032/s50414267/{DICOMS[0]}.jpg'
    assert table['image'][0] == first and len(table) == 5
    assert table['patient_id'].tolist() == [f'p{one}' for one, _ in STUDIES]
    assert table['study_id'].tolist() == [f's{one}' for _, one in STUDIES]
    assert table['view'].tolist() == ['PA', 'LATERAL', 'AP', '', '']
    assert table['extra_view_position'][3] == 'SWIMMERS'
    assert table['findings'][1] == 'The lungs are clear. There is no effusion.'
    assert table['impression'].tolist()[:3] == ['No acute process.'] * 2 + ['']
    assert table['report'][0].startswith('FINAL REPORT EXAMINATION: CHEST (PA AND LAT)')
    assert table['report'][2] == (
        'FINAL REPORT CHEST RADIOGRAPH PERFORMED ON ___ Edema has become less.'
    )
    assert 'Edema has become less' in table['extra_last_paragraph'][2]
    assert table['No Finding'].fillna(9).tolist() == [1, 1, 9, 9, 9]
    assert table['Atelectasis'].fillna(9).tolist() == [9, 9, -1, 9, 9]
    assert json.loads(table['extra_negbio'][2]) == {'Atelectasis': 0, 'Edema': 1}
    scheme = read_split(out, 'official', table)
    rows = {split: scheme.of(split).tolist() for split in ('train', 'val', 'test')}
    assert rows == dict(train=[0, 1, 2], val=[3], test=[4])
    assert found.tally.names('views not understood') == [f'{DICOMS[3]}: SWIMMERS']
    assert found.tally.names('studies without a report') == ['s51029426']
    assert found.refused() == ['count']
    train = MIMICCXR(out, 'official', 'train', texts='report')
    assert train[0]['sections'] == dict(
        findings='The lungs are clear. There is no effusion.',
        impression='No acute process.',
    )


def test_labels_of_negbio(source, tmp_path):
    listing, _ = list_source(CONVERTER, source, labels='negbio')
    cells = listing.films[2].cells
    assert cells['Atelectasis'] == 0 and cells['Edema'] == 1
    labels = json.loads(cells['extra_chexpert'])
    assert labels == {'Atelectasis': -1, 'Edema': 1}


def test_labels_of_the_radiologist(source, tmp_path):
    """Release 2.1.0: a table of the test set, of which one class has another name.

    https://physionet.org/content/mimic-cxr-jpg/2.1.0/ lists the file; columns as
    code that reads it has them: study_id and the 14 labels, "Airspace Opacity" for
    "Lung Opacity".
    """
    with pytest.raises(TableError, match='holds no mimic-cxr-2.1.0-test-set-labeled'):
        list_source(CONVERTER, source, labels='radiologist')
    names = sorted(CHEXPERT_CLASSES)
    cells = {'51029426': ['1.0', '-1.0'], '50000000': ['0.0', '']}
    head = ['study_id', *names]
    head[head.index('Lung Opacity')] = 'Airspace Opacity'
    lines = [head, *([study, *row, *[''] * 12] for study, row in cells.items())]
    lines[1][head.index('Airspace Opacity')] = '1.0'
    path = source / 'mimic-cxr-jpg/2.1.0/mimic-cxr-2.1.0-test-set-labeled.csv'
    write_text(path, ''.join(f'{",".join(line)}\n' for line in lines))
    found = convert(CONVERTER, source, tmp_path / 'out', labels='radiologist')
    table = read_table(tmp_path / 'out')
    assert table['Lung Opacity'].fillna(9).tolist() == [9, 9, 9, 1, 1]
    assert table['Atelectasis'].fillna(9).tolist() == [9, 9, 9, 1, 1]
    assert table['Cardiomegaly'].fillna(9).tolist() == [9, 9, 9, -1, -1]
    assert json.loads(table['extra_chexpert'][0]) == {'No Finding': 1}
    assert read_split(tmp_path / 'out', 'radiologist', table).of('test').tolist() == [
        3,
        4,
    ]
    kind = 'invalid: studies of mimic-cxr-2.1.0-test-set-labeled.csv without a film'
    assert found.tally.names(kind) == ['s50000000']
    listing, _ = list_source(CONVERTER, source, labels='chexpert')
    assert json.loads(listing.films[4].cells['extra_radiologist']) == {
        'Atelectasis': 1,
        'Cardiomegaly': -1,
        'Lung Opacity': 1,
    }


def test_reports_in_folders(source, tmp_path):
    """The same table whether reports, tables and all are packed or not."""
    convert(CONVERTER, source, tmp_path / 'packed')
    path = source / 'mimic-cxr/2.1.0/mimic-cxr-reports.zip'
    with zipfile.ZipFile(path) as archive:
        archive.extractall(path.parent)
    path.unlink()
    for path in sorted(source.rglob('*.csv.gz')):
        path.with_suffix('').write_bytes(gzip.decompress(path.read_bytes()))
        path.unlink()
    convert(CONVERTER, source, tmp_path / 'plain')
    for name in ('table.csv', 'splits/official.csv'):
        packed, plain = (tmp_path / made / name for made in ('packed', 'plain'))
        assert packed.read_bytes() == plain.read_bytes()


def test_dicom(tmp_path):
    """MIMIC-CXR alone: films by its record list, views from the headers."""
    root = tmp_path / 'mimic-cxr-2.1.0'
    rows = []
    for dicom, (subject, study), view in zip(DICOMS, STUDIES, VIEWS, strict=True):
        path = f'files/p{subject[:2]}/p{subject}/s{study}/{dicom}.dcm'
        write_dicom(root / path, ViewPosition=view, PatientID=subject)
        rows.append(f'{subject},{study},{dicom},{path}\n')
    text = 'subject_id,study_id,dicom_id,path\n' + ''.join(rows)
    data = gzip.compress(text.encode(), mtime=0)
    (root / 'cxr-record-list.csv.gz').write_bytes(data)
    write_text(root / 'files/p10/p10000032/s50414267.txt', REPORTS['50414267'])
    found = convert(CONVERTER, root, tmp_path / 'out', Options(size=32))
    table = read_table(tmp_path / 'out', check_files=-1)
    assert table['image'][0] == f'p10/p10000032/s50414267/{DICOMS[0]}.png'
    assert table['view'].tolist() == ['PA', 'LATERAL', 'AP', '', '']
    assert table['impression'].tolist()[:2] == ['No acute process.'] * 2
    assert found.tally.count('tables not there') == 3
    assert '"release": "DICOM"' in (tmp_path / 'out/verification.json').read_text()
    assert 'Doe' not in (tmp_path / 'out/table.csv').read_text()


def test_what_is_amiss_is_named(source):
    jpg = source / 'mimic-cxr-jpg/2.1.0'
    path = source / 'mimic-cxr/2.1.0/mimic-cxr-reports.zip'
    with zipfile.ZipFile(path, 'a') as archive:
        archive.writestr(
            'files/p11/p11000011/s51029426.txt', 'Caf\xe9'.encode('cp1252')
        )
    split = gzip.decompress((jpg / 'mimic-cxr-2.0.0-split.csv.gz').read_bytes())
    text = split.decode() + f'{DICOMS[0][::-1]},5,1,train\n'
    write_gz(jpg, 'split', text)
    listing, tally = list_source(CONVERTER, source)
    (fault,) = tally.names('unreadable: reports; left out')
    assert 's51029426.txt: not UTF-8' in fault
    kind = 'invalid: films of the split list that the table lacks'
    assert tally.names(kind) == [DICOMS[0][::-1]]
    write_gz(jpg, 'split', text.replace('validate', 'valid'))
    with pytest.raises(TableError, match=f"{DICOMS[3]} is in 'valid', which is none"):
        list_source(CONVERTER, source)
    write_gz(jpg, 'split', split.decode())
    metadata = gzip.decompress((jpg / 'mimic-cxr-2.0.0-metadata.csv.gz').read_bytes())
    write_gz(jpg, 'metadata', metadata.decode().replace(',10000032,', ',p10000032,'))
    with pytest.raises(TableError, match="row 1, column 'subject_id': 'p10000032' is"):
        list_source(CONVERTER, source)
    text = metadata.decode().replace('11000011,51029426', '11000011,50414267', 1)
    write_gz(jpg, 'metadata', text)
    _, tally = list_source(CONVERTER, source)
    assert tally.names('invalid: studies of two patients') == ['s50414267']


def test_a_report_without_a_title():
    cells = report_cells(' CHEST:\n\n Clear lungs.\n')
    assert cells['report'] == 'CHEST: Clear lungs.'
    assert cells['findings'] == 'Clear lungs.'
    assert report_cells('')['report'] == ''
