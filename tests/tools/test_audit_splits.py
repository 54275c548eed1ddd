"""The command line of tools/misc/audit_splits.py, and whole audits."""

import importlib.util
import json

import cv2
import numpy as np
import pandas as pd
import pytest

from mmcxr.datasets.classification import ClassificationDataset
from mmcxr.datasets.films.film import read_film
from mmcxr.datasets.packs.layout import PackSettings
from mmcxr.datasets.packs.packing import pack_dataset
from mmcxr.datasets.tables.splits import overlap, read_split
from mmcxr.datasets.tables.table import read_table
from mmcxr.preparing.audit.run import Request, run_audit


@pytest.fixture
def main(repo_dir):
    path = repo_dir / 'tools' / 'misc' / 'audit_splits.py'
    spec = importlib.util.spec_from_file_location('audit_splits', path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.main


def draw(seed, height=150, width=120):
    rng = np.random.default_rng(seed)
    film = np.zeros((height, width))
    for size in (3, 6, 12, 25):
        film += cv2.resize(rng.normal(size=(size, size)), (width, height))
    return cv2.normalize(film, None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8)


def make_dataset(root, films, patients, splits):
    """Folder with films, a table and the scheme official."""
    rows = []
    for number, (name, film) in enumerate(films.items()):
        path = root / 'images' / name
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), film)
        rows.append(dict(image=name, patient_id=patients[number], study_id=''))
    table = pd.DataFrame(rows).assign(Edema=[i % 2 for i in range(len(rows))])
    table.to_csv(root / 'table.csv', index=False)
    (root / 'splits').mkdir()
    listed = table[['image']].assign(split=splits)
    listed.to_csv(root / 'splits/official.csv', index=False)
    return root


@pytest.fixture
def data(tmp_path):
    """Six films; t0 is v0 at another size, t1 is v1 to the pixel, t2 is new."""
    films = {f'v{i}.png': draw(i) for i in range(3)}
    films['t0.jpg'] = cv2.resize(draw(0), (90, 110), interpolation=cv2.INTER_AREA)
    films['t1.png'] = draw(1)
    films['t2.png'] = draw(9)
    splits = ['train'] * 3 + ['test'] * 3
    return make_dataset(tmp_path / 'data', films, list('abcdef'), splits)


def write_lists(folder, **texts):
    folder.mkdir(parents=True)
    for name, text in texts.items():
        (folder / f'{name}.txt').write_text(text)
    return folder


def test_lists_alone(main, tmp_path, capsys):
    folder = write_lists(
        tmp_path / 'lists',
        train='00000001_000.png\n00000001_000.png\n',
        test='00000001_001.png\n',
    )
    out = tmp_path / 'audit.json'
    assert main(['--lists', str(folder), '--json', str(out)]) == 1
    printed = capsys.readouterr().out
    assert 'leak: patients' in printed and 'fault: repeated' in printed
    assert '1 leaks, 1 faults, 0 notes; 2 not accepted' in printed
    found = json.loads(out.read_text())
    assert found['failed'] == 2 and found['copies'] is None
    assert [f['kind'] for f in found['findings']] == ['patients', 'repeated']
    assert found['findings'][0]['names'] == ['00000001']
    assert found['subjects'][0]['splits']['train'] == dict(
        lines=2, images=1, patients=1, images_without_patient=0, classes={}
    )
    assert main(['--lists', str(folder), '--accept', 'patients']) == 1
    assert (
        main(['--lists', 'any', str(folder), '--accept', 'patients', 'repeated']) == 0
    )
    assert '(accepted)' in capsys.readouterr().out


def test_published_lists_by_name(main, shared_dir, tmp_path):
    folder, out = shared_dir / 'data/knobo', tmp_path / 'audit.json'
    assert main(['--lists', 'knobo', str(folder), '--json', str(out)]) == 1
    found = json.loads(out.read_text())
    sentences = {f['subject']: f['sentence'] for f in found['findings']}
    leaks = [f['sentence'] for f in found['findings'] if f['kind'] == 'patients']
    assert len(sentences) >= 10
    assert '1,014 of 1,779 (57 %) patients of test have images in train too' in leaks


def test_copies_are_found_written_and_used(main, data):
    assert main([str(data), '--scheme', 'official']) == 0
    out = data / 'audit.json'
    argv = [str(data), '--scheme', 'official', '--films', '--json', str(out)]
    assert main(argv) == 1
    found = json.loads(out.read_text())
    counts = {f['kind']: (f['count'], f['of']) for f in found['findings']}
    assert counts == dict(copies=(2, 3), patients=(2, 3), persons=(2, 2))
    assert [c['exact'] for c in found['copies']] == [False, True]
    cells = pd.read_csv(data / 'identities.csv')
    assert cells.to_numpy().tolist() == [
        ['v0.png', 'v0.png'],
        ['v1.png', 'v1.png'],
        ['t0.jpg', 'v0.png'],
        ['t1.png', 'v1.png'],
    ]
    # From now on evaluations and the scheme clean know, without the films.
    for image in (data / 'images').iterdir():
        image.write_bytes(b'gone')
    assert main([str(data), '--scheme', 'official']) == 1
    facts = ClassificationDataset(data, 'official', 'test').metainfo
    assert facts['overlap']['copies'] == 2 and facts['overlap']['images'] == 0
    assert facts['overlap']['patients'] == 2
    table = read_table(data)
    clean = read_split(data, 'clean', table)
    place = {row: split for split, rows in clean.rows.items() for row in rows}
    assert place[0] == place[3] and place[1] == place[4]
    assert main([str(data), '--scheme', 'clean']) == 0


def test_films_of_a_pack(main, data, capsys):
    """The same copies, without the files; other prints than theirs."""
    settings = PackSettings(64, 'raw')
    pack_dataset(data, settings)
    out = data / 'audit.json'
    argv = [str(data), '--scheme', 'official', '--json', str(out)]
    assert main([*argv, '--films']) == 1
    expected = json.loads(out.read_text())
    for image in (data / 'images').iterdir():
        image.write_bytes(b'gone')
    assert main([*argv, '--pack', '64-raw']) == 1
    found = json.loads(out.read_text())
    names = [(c['first'], c['second'], c['exact']) for c in found['copies']]
    assert names == [(c['first'], c['second'], c['exact']) for c in expected['copies']]
    assert found['findings'] == expected['findings']
    prints = sorted(path.name for path in data.glob('film_prints*'))
    assert prints == ['film_prints-64-raw.npz', 'film_prints.npz']
    capsys.readouterr()
    assert main([*argv, '--pack', '96-raw']) == 2
    assert '96-raw' in capsys.readouterr().err


def test_against_another_dataset(main, data, tmp_path):
    films = {'x.png': cv2.flip(draw(9), 1), '00000007_000.png': draw(20)}
    other = make_dataset(tmp_path / 'other', films, ['a', 'b'], ['train'] * 2)
    argv = [str(data), '--scheme', 'official', '--against', str(other), '--films']
    out = tmp_path / 'audit.json'
    assert main([*argv, '--accept', 'copies', 'patients', '--json', str(out)]) == 1
    found = json.loads(out.read_text())
    cross = [f for f in found['findings'] if f['kind'] == 'cross']
    # Patient 'a' of one table is not patient 'a' of another; the film is the same.
    assert [(f['unit'], f['count'], f['names']) for f in cross] == [
        ('images', 1, ['t2.png']),
        ('patients', 1, ['f']),
    ]
    mirrored = [c for c in found['copies'] if c['mirrored']]
    assert [c['first'] for c in mirrored] == [f'{data}/t2.png']
    assert mirrored[0]['similarity'] > 0.9 and not mirrored[0]['exact']
    assert not (other / 'identities.csv').exists()
    # Lists of another dataset need no images.
    lists = write_lists(tmp_path / 'lists', train='elsewhere/t1.png\nv0.png\n')
    argv = [str(data), '--scheme', 'official', '--against', str(lists)]
    argv += ['--accept', 'copies', 'patients', '--json', str(out)]
    assert main(argv) == 1
    found = json.loads(out.read_text())['findings']
    # v0 itself is trained on here too; its copy t0 is for testing.
    assert [f['names'] for f in found if f['kind'] == 'cross'] == [['t0.jpg']]


def test_a_crosswalk_is_kept(main, data, tmp_path, capsys):
    path = tmp_path / 'crosswalk.csv'
    path.write_text('id,original\nv0,00000001_000.png\nt2,00000001_005.png\n')
    argv = [str(data), '--scheme', 'official']
    assert main([*argv, '--links', str(path)]) == 1
    assert 'leak: patients' in capsys.readouterr().out
    assert (data / 'identities.csv').read_text() == (
        'image,patient\nv0.png,chestx-ray14/00000001\nt2.png,chestx-ray14/00000001\n'
    )
    assert main(argv) == 1
    table = read_table(data)
    clean = read_split(data, 'clean', table)
    assert not overlap(table, clean)['test']['patients']
    # A later search for copies leaves it there.
    assert main([*argv, '--films']) == 1
    cells = pd.read_csv(data / 'identities.csv', keep_default_na=False)
    assert set(cells['patient']) == {'', 'chestx-ray14/00000001'}
    assert (cells['film'] != '').sum() == 4


def test_unreadable_films_are_named(main, data, capsys):
    (data / 'images/v2.png').write_bytes(b'no image')
    assert main([str(data), '--scheme', 'official', '--films']) == 1
    printed = capsys.readouterr().out
    assert 'fault: unreadable' in printed and 'v2.png' in printed


def test_listed_images_that_are_missing(main, data, capsys):
    with (data / 'splits/official.csv').open('a') as file:
        file.write('nowhere.png,test\n')
    assert main([str(data), '--scheme', 'official']) == 1
    assert 'fault: missing' in capsys.readouterr().out


def test_what_cannot_be_read_ends_with_2(main, tmp_path, capsys):
    (tmp_path / 'empty').mkdir()
    for argv, words in (
        ([str(tmp_path / 'empty')], 'holds none of table.csv'),
        (['--lists', str(tmp_path / 'empty')], 'named after a split'),
        (['--lists', 'mrm', str(tmp_path / 'empty')], 'no folder NIH_ChestX-ray'),
    ):
        assert main(argv) == 2
        error = capsys.readouterr().err
        assert error.startswith('audit_splits.py: ') and words in error
    for argv in ([], ['--lists', 'mrm']):
        with pytest.raises(SystemExit, match='2'):
            main(argv)


def test_real_films_under_two_patients(shared_dir, tmp_path):
    """The collection lists four films for two patients each; nothing else is twice."""
    source = shared_dir / 'data/covid_cxr'
    rows = pd.read_csv(source / 'metadata.csv', dtype=str, keep_default_na=False)
    rows['name'] = [f'{n:03d}_{image}' for n, image in enumerate(rows['image'])]
    films = {
        name: cv2.resize(read_film(source / 'images' / image), (256, 256))
        for name, image in zip(rows['name'], rows['image'], strict=True)
    }
    root = make_dataset(
        tmp_path / 'covid', films, list(rows['patient_id']), ['train'] * len(films)
    )
    audit = run_audit(Request(data=[root], schemes=['official'], films=True))
    assert len(audit.copies) == 4 and audit.copies['exact'].all()
    found = {f.kind: f for f in audit.findings}
    assert (found['persons'].count, found['persons'].of) == (4, 4)
    twice = rows[rows['image'].duplicated(keep=False)]['name']
    named = {name for pair in found['persons'].names for name in pair.split(' and ')}
    assert named == set(twice)
    scheme = read_split(root, 'clean', read_table(root))
    assert sum(map(len, scheme.rows.values())) == 266
