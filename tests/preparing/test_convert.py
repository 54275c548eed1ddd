"""What all converters share, on a toy download."""

import json
import os
import random
import signal
import subprocess
import sys
import tarfile
import time
import zipfile

import cv2
import numpy as np
import pytest
from downloads import write_dicom
from toy_download import (
    HEADER,
    TOY,
    draw_pixels,
    tree,
    write_csv,
    write_film,
)

from mmcxr.datasets.tables.reported_counts import ReportedCounts
from mmcxr.datasets.tables.splits import read_split
from mmcxr.datasets.tables.table import TableError, read_table
from mmcxr.preparing.convert import convert
from mmcxr.preparing.placing import Options, shrink_mask
from mmcxr.preparing.verify import verify


def test_a_dataset_is_written(toy_source, tmp_path):
    found = convert(TOY, toy_source, tmp_path / 'out')
    table = read_table(tmp_path / 'out', check_files=-1)
    assert list(table['image'][:2]) == ['a/00.png', 'b/01.png']
    assert table['patient_id'].nunique() == 6 and table['Edema'].sum() == 6
    assert table['mask'][1] == 'b/01.png' and table['mask'][0] == ''
    mask = cv2.imread(str(tmp_path / 'out/masks/b/01.png'), cv2.IMREAD_UNCHANGED)
    assert mask.shape == (31, 43) and mask.sum() == 6 * 10 and mask.max() == 1
    # The film is 31 high: the box of 40 rows from row 2 ends there.
    assert table['boxes'][1] == [[1, 2, 30, 29, 'spot']] and table['boxes'][0] == []
    assert found.tally.count('boxes cut at the edge of their film') == 6
    scheme = read_split(tmp_path / 'out', 'official', table)
    assert {name: len(rows) for name, rows in scheme.rows.items()} == dict(
        train=8, test=4
    )
    source = toy_source / 'films/a/00.png'
    assert (tmp_path / 'out/images/a/00.png').read_bytes() == source.read_bytes()
    assert not found.refused()
    assert found.lines()[:2] == ['images: 12', 'patients: 6']


@pytest.mark.parametrize('workers', [0, 2])
def test_again_changes_nothing(toy_source, tmp_path, workers):
    out, seen = tmp_path / 'out', []
    for _ in range(2):
        convert(TOY, toy_source, out, workers=workers)
        files = [path for path in sorted(out.rglob('*')) if path.is_file()]
        seen.append([(str(p), p.stat().st_mtime_ns, p.stat().st_ino) for p in files])
    journal = out / '.conversion/journal.jsonl'
    seen = [[entry for entry in one if entry[0] != str(journal)] for one in seen]
    assert seen[0] == seen[1] and len(seen[0]) == 12 + 6 + 4


def test_links(toy_source, tmp_path):
    out = tmp_path / 'out'
    convert(TOY, toy_source, out, Options(link=True))
    assert (out / 'images/a/00.png').is_symlink()
    assert not (out / 'masks/b/01.png').is_symlink()
    convert(TOY, toy_source, out)  # and files take their place
    assert not (out / 'images/a/00.png').is_symlink()
    assert not verify(out).refused()


def test_shrunk_by_the_shorter_side(toy_source, tmp_path):
    write_film(toy_source / 'films/a/00.png', (20, 16))  # small already
    convert(TOY, toy_source, tmp_path / 'out', Options(size=16))
    small = cv2.imread(str(tmp_path / 'out/images/a/00.png'), 0)
    assert np.array_equal(small, draw_pixels('00.png', (20, 16)))
    film = cv2.imread(str(tmp_path / 'out/images/b/01.png'), 0)
    assert film.shape == (16, 22)
    area = cv2.resize(draw_pixels('01.png'), (22, 16), interpolation=cv2.INTER_AREA)
    assert np.array_equal(film, area)
    mask = cv2.imread(str(tmp_path / 'out/masks/b/01.png'), cv2.IMREAD_UNCHANGED)
    assert mask.shape == (16, 22) and set(np.unique(mask)) == {0, 1}
    table = read_table(tmp_path / 'out')
    x, y, width, height, label = table['boxes'][1][0]
    assert (x, width) == pytest.approx((22 / 43, 30 * 22 / 43), abs=0.005)
    assert (y, height) == pytest.approx((2 * 16 / 31, 29 * 16 / 31), abs=0.005)


def test_jpeg_stays_jpeg(tmp_path):
    source = tmp_path / 'source'
    write_film(source / 'a.jpg', (64, 48))
    write_csv(source / 'list.csv', [HEADER, ('a.jpg', 'p', 1, '', 'train')])
    convert(TOY, source, tmp_path / 'out', Options(size=24))
    data = (tmp_path / 'out/images/a.jpg').read_bytes()
    assert data[:2] == b'\xff\xd8' and cv2.imdecode(
        np.frombuffer(data, np.uint8), 0
    ).shape == (32, 24)


def test_shrinking_keeps_the_area_of_a_mask():
    rng = np.random.default_rng(3)
    for _ in range(20):
        y, x = rng.integers(0, 40, 2)
        mask = np.zeros((97, 83), np.uint8)
        mask[y : y + rng.integers(20, 50), x : x + rng.integers(20, 40)] = 1
        small = shrink_mask(mask, (41, 35))
        assert set(np.unique(small)) <= {0, 1}
        assert small.mean() == pytest.approx(mask.mean(), abs=0.02)
    assert shrink_mask(mask, mask.shape) is mask


def pack_zip(folder, path):
    with zipfile.ZipFile(path, 'w') as archive:
        for file in sorted(folder.rglob('*')):
            if file.is_file():
                archive.write(file, file.relative_to(folder))


def pack_tar(folder, path):
    with tarfile.open(path, 'w:gz' if path.name.endswith('gz') else 'w') as archive:
        archive.add(folder, '.')


@pytest.mark.parametrize('name', ['films.zip', 'films.tar', 'films.tar.gz', 'a.tgz'])
@pytest.mark.parametrize('workers', [0, 2])
def test_films_in_an_archive(toy_source, tmp_path, name, workers):
    plain = convert(TOY, toy_source, tmp_path / 'plain')
    (toy_source / 'films').rename(tmp_path / 'films')
    pack = pack_zip if name.endswith('zip') else pack_tar
    pack(tmp_path / 'films', toy_source / name)
    packed = convert(TOY, toy_source, tmp_path / 'packed', workers=workers)
    assert packed.counts == plain.counts and not packed.refused()
    unlike = '.conversion/journal.jsonl'  # it knows files by their stamps
    first, second = tree(tmp_path / 'plain'), tree(tmp_path / 'packed')
    assert first.pop(unlike) != second.pop(unlike) and first == second


def test_the_whole_download_is_an_archive(toy_source, tmp_path):
    pack_zip(toy_source, tmp_path / 'all.zip')
    convert(TOY, tmp_path / 'all.zip', tmp_path / 'out')
    assert len(read_table(tmp_path / 'out', check_files=-1)) == 12


def test_an_archive_beside_what_it_holds(toy_source, tmp_path):
    """A user who unpacked it and kept it: nothing is there twice."""
    pack_zip(toy_source / 'films', toy_source / 'films.zip')
    assert not convert(TOY, toy_source, tmp_path / 'out').refused()


def test_limit(toy_source, tmp_path):
    out = tmp_path / 'out'
    convert(TOY, toy_source, out, limit=3)
    assert len(read_table(out, check_files=-1)) == 3
    found = verify(out, [ReportedCounts('a paper', images=12)])
    kind = 'numbers not compared with published ones'
    assert found.tally.names(kind) == ['only 3 films were converted']
    assert not found.refused()
    convert(TOY, toy_source, out)
    convert(TOY, toy_source, tmp_path / 'fresh')
    assert tree(out) == tree(tmp_path / 'fresh')


def test_other_options_leave_nothing_behind(toy_source, tmp_path):
    out = tmp_path / 'out'
    for number in range(3):
        write_dicom(toy_source / f'{number}.dcm')
    rows = [(f'{number}.dcm', 'p', 1, '', 'train') for number in range(3)]
    write_csv(toy_source / 'list.csv', [HEADER, *rows])
    write_film(out / 'images/mine.png')  # what the user put there stays, and is named
    accepted = ['extra']
    assert not convert(TOY, toy_source, out, Options(keep_dicom=True)).refused(accepted)
    assert (out / 'images/0.dcm').is_file()
    assert not convert(TOY, toy_source, out, Options(link=True), limit=1).refused(
        accepted
    )
    assert (out / 'images/1.dcm').is_file()
    found = convert(TOY, toy_source, out)
    names = sorted(path.name for path in (out / 'images').iterdir())
    assert names == ['0.png', '1.png', '2.png', 'mine.png']
    kind = 'extra: files the table does not name'
    assert found.tally.names(kind) == ['images/mine.png']


def test_new_labels_leave_the_films_alone(toy_source, tmp_path):
    out = tmp_path / 'out'
    convert(TOY, toy_source, out)
    before = (out / 'images/a/00.png').stat().st_ino
    convert(TOY, toy_source, out, flip=True)
    assert read_table(out)['Edema'].tolist() == [1, 0] * 6
    assert (out / 'images/a/00.png').stat().st_ino == before


def test_a_lost_file_is_made_anew(toy_source, tmp_path):
    out = tmp_path / 'out'
    convert(TOY, toy_source, out)
    whole = tree(out)
    (out / 'images/a/00.png').unlink()
    (out / 'masks/b/01.png').write_bytes(b'short')
    convert(TOY, toy_source, out)
    assert tree(out) == whole


KILLED = """
import sys, time
sys.path.insert(0, sys.argv[3])
from mmcxr.preparing import convert, placing
from toy_download import TOY
put = placing._put
def slowly(*args):
    time.sleep(0.01)
    put(*args)
placing._put = slowly
print('start', flush=True)
_, source, out, _, workers = sys.argv
convert.convert(TOY, source, out, placing.Options(size=20), int(workers))
print('end', flush=True)
"""


@pytest.mark.parametrize('workers', [0, 2])
def test_a_killed_conversion_goes_on(toy_source, tmp_path, repo_dir, workers):
    convert(TOY, toy_source, tmp_path / 'whole', Options(size=20))
    whole = tree(tmp_path / 'whole')
    rng = random.Random(f'{workers} {os.getpid()}')
    out = tmp_path / 'out'
    ends = 0
    for _ in range(2):
        here = repo_dir / 'tests/preparing'
        command = [sys.executable, '-c', KILLED, toy_source, out, here, workers]
        run = subprocess.Popen(
            list(map(str, command)), stdout=subprocess.PIPE, cwd=repo_dir, text=True
        )
        assert run.stdout.readline() == 'start\n'
        time.sleep(rng.uniform(0.02, 0.2))
        run.send_signal(signal.SIGKILL)
        ends += 'end' in run.communicate()[0]
        images = {name: data for name, data in tree(out).items() if 'images/' in name}
        assert all(whole[name] == data for name, data in images.items())
        assert (out / 'table.csv').exists() <= (len(images) == 12)
    convert(TOY, toy_source, out, Options(size=20))
    assert tree(out) == whole
    assert ends < 2


def test_two_at_once(toy_source, tmp_path):
    from mmcxr.preparing.journal import Journal

    with Journal(tmp_path / 'out'):
        with pytest.raises(TableError, match='another conversion is writing'):
            convert(TOY, toy_source, tmp_path / 'out')


def test_a_folder_in_the_source_is_not_read_again(toy_source):
    first = convert(TOY, toy_source, toy_source / 'out')
    again = convert(TOY, toy_source, toy_source / 'out')
    assert first.lines() == again.lines() and not again.refused()


@pytest.mark.parametrize('out', ['source', '.'])
def test_originals_are_not_overwritten(tmp_path, out):
    source = tmp_path / 'source' if out != '.' else tmp_path / 'images/source'
    write_csv(source / 'list.csv', [HEADER, ('a.png', 'p', 1, '', 'train')])
    before = write_film(source / 'a.png').read_bytes()
    with pytest.raises(TableError, match='overlaps with the source'):
        convert(TOY, source, tmp_path / out, Options(size=8))
    assert (source / 'a.png').read_bytes() == before


def test_a_packed_table_in_the_way(toy_source, tmp_path):
    (tmp_path / 'out').mkdir()
    (tmp_path / 'out/table.csv.gz').touch()
    with pytest.raises(TableError, match='table.csv.gz: remove it'):
        convert(TOY, toy_source, tmp_path / 'out')


def test_published_numbers(toy_source, tmp_path):
    claims = (
        ReportedCounts('page 3', images=12, patients=6, positive=dict(Edema=6)),
        ReportedCounts('a mask paper', masks=dict(mask=6), boxes=6),
        ReportedCounts('the list', splits=dict(official=dict(train=8, test=5))),
        ReportedCounts('another release', release='2', images=99),
    )
    convert(TOY, toy_source, tmp_path / 'out')
    found = verify(tmp_path / 'out', claims)
    assert 'images: 12 as published (page 3)' in found.lines()
    assert found.tally.names('count: numbers that differ') == [
        'official test: 4, published 5 (the list)'
    ]
    assert found.refused() == ['count'] and not found.refused(['count'])
    report = json.loads((tmp_path / 'out/verification.json').read_text())
    assert report['counts']['Edema negative'] == 6
    assert report['made']['dataset'] == 'toy' and 'count' in report['faults']


def test_a_list_that_does_not_fit(toy_source, tmp_path):
    convert(TOY, toy_source, tmp_path / 'out')
    write_csv(
        tmp_path / 'out/splits/mine.csv', [('image', 'split'), ('x.png', 'train')]
    )
    found = verify(tmp_path / 'out', [ReportedCounts('a paper', 'stage 9', images=1)])
    (named,) = found.tally.names('invalid: split lists')
    assert 'none of its 1 images is in the table' in named
    kind = 'numbers not compared with published ones'
    assert found.tally.names(kind) == ["nothing is published about ''"]


def test_what_a_verification_names(toy_source, tmp_path):
    out = tmp_path / 'out'
    write_film(toy_source / 'films/c/unlisted.png')
    (toy_source / 'films/a/02.png').unlink()
    convert(TOY, toy_source, out, workers=2)
    (out / 'images/a/00.png').unlink()
    (out / 'images/a/04.png').write_bytes(b'')
    (out / 'masks/b/05.png').write_bytes(b'no mask')
    write_film(out / 'images/more.png')
    (out / 'images/a/08.png').write_bytes((out / 'images/a/06.png').read_bytes())
    found = verify(out, workers=2)
    assert {
        kind: names for f in found.tally.faults().values() for kind, names in f.items()
    } == {
        'missing: listed films that are not there': ['a/02.png'],
        'extra: film files that nothing lists': ['films/c/unlisted.png'],
        'missing: files of the table': ['images/a/00.png'],
        'extra: files the table does not name': ['images/more.png'],
        'unreadable: images': [f'{out}/images/a/04.png: the file is empty'],
        'unreadable: masks': [f'{out}/masks/b/05.png: cannot identify image file'],
        'duplicate: images of the same bytes': ['a/06.png = a/08.png'],
    }
