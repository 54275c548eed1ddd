"""Open-I.

Layout: https://openi.nlm.nih.gov/faq (archives and their folders), names as in the
table of DICOM headers that torchxrayvision ships; the reports are the real ones.
"""

import gzip
import io
import tarfile

import pytest
from downloads import (
    check_published,
    list_source,
    real_table,
    write_dicom,
    write_image,
    write_text,
)

from mmcxr.datasets.public.openi import OPENI_WORDS, OpenI, OpenIMeSH
from mmcxr.datasets.tables.table import TableError, read_table
from mmcxr.preparing.convert import convert
from mmcxr.preparing.readers.openi import CONVERTER, mesh_labels
from mmcxr.torchvision_schema import ensure_torchvision

METADATA = 'nlmcxr_dicom_metadata.csv.gz'


def reports(*numbers) -> dict[str, bytes]:
    """Real reports by file name."""
    archive = tarfile.open(fileobj=io.BytesIO(real_table('NLMCXR_reports.tgz')))
    return {
        f'{number}.xml': archive.extractfile(f'ecgen-radiology/{number}.xml').read()
        for number in numbers
    }


@pytest.fixture
def source(tmp_path):
    """Reports 1 (two films), 2 (two films) and one of those without a film."""
    root = tmp_path / 'openi'
    for name, data in reports(1, 2, 1001).items():
        path = root / 'ecgen-radiology' / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return root


FILMS = ['1_IM-0001-3001', '1_IM-0001-4001', '2_IM-0652-1001', '2_IM-0652-2001']


def films_of(source) -> list[str]:
    listing, _ = list_source(CONVERTER, source)
    return [film.image for film in listing.films]


def test_png(source, tmp_path):
    names = films_of(source)
    assert names[:4] == ['CXR1_1_IM-0001-3001.png', 'CXR1_1_IM-0001-4001.png'] + [
        f'CXR2_IM-0652-{n}001.png' for n in (1, 2)
    ]
    for name in names:
        write_image(source / 'NLMCXR_png' / name)
    found = convert(CONVERTER, source, tmp_path / 'out')
    table = read_table(tmp_path / 'out', check_files=-1)
    assert table['patient_id'].tolist()[:4] == ['CXR1', 'CXR1', 'CXR2', 'CXR2']
    assert table['findings'][0].startswith('The cardiac silhouette and mediastinum')
    assert 'XXXX' in table['impression'][0]
    assert table['extra_mesh'][0] == 'normal'
    assert table['extra_indication'][0] == 'Positive TB test'
    assert set(table['view']) == {''}
    assert table['Cardiomegaly'].tolist()[:4] == [0, 0, 1, 1]
    assert found.refused() == ['count']
    assert len(OpenI(tmp_path / 'out', texts='report')) >= 2
    assert len(OpenIMeSH(tmp_path / 'out')) == len(table)


def test_dicom(source, tmp_path):
    names = films_of(source)
    for number, name in enumerate(names):
        stem = name.removeprefix('CXR').removesuffix('.png')
        write_dicom(
            source / f'NLMCXR_dcm/{stem.split("_")[0]}/{stem}.dcm',
            ViewPosition=('PA', 'LL')[number % 2],
            PatientID='123',
            StudyDate='20110328',
        )
    convert(CONVERTER, source, tmp_path / 'out')
    table = read_table(tmp_path / 'out', check_files=-1)
    assert table['image'].tolist() == names
    assert table['view'].tolist()[:2] == ['PA', 'LATERAL']
    text = (tmp_path / 'out/table.csv').read_text()
    assert not any(private in text for private in ('Doe', '19700101', '20110328'))


def test_as_the_archives_come(source, tmp_path):
    """Both archives packed, the metadata beside them, a film missing, one too many."""
    names = films_of(source)
    for folder, name in (('ecgen-radiology', 'reports'), ('png', 'png')):
        if folder == 'png':
            for film in names[1:]:
                write_image(source / 'png' / film)
            write_image(source / 'png/CXR9_IM-9-1001.png')
            (source / METADATA).write_bytes(
                gzip_of(
                    'imageid,View Position\n'
                    f'{names[1][:-4]},LARGE LATERAL\n{names[2][:-4]},PA\n'
                    f'{names[3][:-4]},OBLIQUE\n'
                )
            )
        with tarfile.open(source / f'NLMCXR_{name}.tgz', 'w:gz') as archive:
            for path in sorted((source / folder).iterdir()):
                inside = f'{folder}/{path.name}' if name == 'reports' else path.name
                archive.add(path, inside)
                path.unlink()
    found = convert(CONVERTER, source, tmp_path / 'out', workers=2)
    table = read_table(tmp_path / 'out', check_files=-1)
    assert table['image'].tolist() == names[1:]
    assert table['view'].tolist()[:3] == ['LATERAL', 'PA', '']
    tally = found.tally
    assert tally.names('missing: listed films that are not there') == [names[0]]
    assert tally.names('extra: film files that nothing lists') == [
        'NLMCXR_png/CXR9_IM-9-1001.png'
    ]
    assert tally.names('views not understood') == [f'{names[3][:-4]} (OBLIQUE)']


def gzip_of(text: str) -> bytes:
    return gzip.compress(text.encode(), mtime=0)


def test_damaged_reports_are_named(source, tmp_path):
    path = source / 'ecgen-radiology/2.xml'
    path.write_bytes(path.read_bytes()[:-20])
    write_text(source / 'ecgen-radiology/3.xml', '<note/>')
    listing, tally = list_source(CONVERTER, source)
    assert {film.cells['patient_id'] for film in listing.films} >= {'CXR1'}
    assert 'CXR2' not in {film.cells['patient_id'] for film in listing.films}
    names = tally.names('unreadable: reports; left out')
    assert len(names) == 2
    assert names[0].startswith(f'{path}: not an XML report: ')
    assert (
        names[1]
        == f'{source}/ecgen-radiology/3.xml: no AbstractText; not a report of Open-I'
    )
    write_text(tmp_path / 'empty/a.txt', '')
    with pytest.raises(TableError, match='holds no report'):
        list_source(CONVERTER, tmp_path / 'empty')


def test_labels():
    assert not any(mesh_labels([]).values())
    labels = mesh_labels(['Pulmonary Atelectasis', 'Calcified Granuloma/lung'])
    positive = {name for name, label in labels.items() if label}
    assert positive == {'Atelectasis', 'Calcified Granuloma', 'Granuloma'}
    assert mesh_labels(['Thickening/pleura/left'])['Pleural Thickening'] == 1
    assert set(mesh_labels(['No Indexing']).values()) == {''}


def test_the_real_reports(tmp_path):
    (tmp_path / 'NLMCXR_reports.tgz').write_bytes(real_table('NLMCXR_reports.tgz'))
    listing, tally = list_source(CONVERTER, tmp_path)
    assert check_published(CONVERTER, listing) == 4 and not tally.faults()
    assert tally.count('reports without an image') == 104
    assert len({film.image for film in listing.films}) == 7_470


def test_the_real_views(tmp_path):
    (tmp_path / 'NLMCXR_reports.tgz').write_bytes(real_table('NLMCXR_reports.tgz'))
    text = real_table(METADATA)
    (tmp_path / METADATA.removesuffix('.gz')).write_bytes(text)
    listing, tally = list_source(CONVERTER, tmp_path)
    views = [film.cells['view'] for film in listing.films]
    counts = {view: views.count(view) for view in ('PA', 'AP', 'LATERAL', '')}
    assert counts['PA'] in range(3_590, 3_594) and counts['AP'] in range(420, 424)
    assert counts['LATERAL'] in range(862, 868)
    assert not tally.count('views not understood')


def test_labels_are_those_of_torchxrayvision(tmp_path):
    """Column by column, through its own reading of the same archive."""
    ensure_torchvision()
    xrv = pytest.importorskip('torchxrayvision')
    theirs = xrv.datasets.Openi_Dataset('', views=['*'], unique_patients=False)
    (tmp_path / 'NLMCXR_reports.tgz').write_bytes(real_table('NLMCXR_reports.tgz'))
    listing, _ = list_source(CONVERTER, tmp_path, terms='automatic')
    ours = {film.image.removesuffix('.png'): film.cells for film in listing.films}
    renamed = {'Pleural_Thickening': 'Pleural Thickening'}
    names = [renamed.get(name, name) for name in theirs.pathologies]
    assert set(names) == set(OPENI_WORDS)
    images = theirs.csv['imageid'].tolist()
    assert len(images) > 7_000
    for image, labels in zip(images, theirs.labels.tolist(), strict=True):
        assert [ours[image][name] for name in names] == labels
