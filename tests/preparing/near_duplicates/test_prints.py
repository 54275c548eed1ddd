import cv2
import numpy as np
import pytest

from mmcxr.datasets.films.grey import UnreadableFilm
from mmcxr.datasets.tables.table_file import TableError
from mmcxr.preparing.near_duplicates.dataset_prints import PRINTS_FILE, dataset_prints
from mmcxr.preparing.near_duplicates.prints import (
    SIDE,
    join_prints,
    print_films,
    read_prints,
    write_prints,
)


def prints_of(films, **options):
    return print_films(list(films), films.get, **options)[0]


def same(one, other):
    return one.images == other.images and all(
        np.array_equal(getattr(one, name), getattr(other, name))
        for name in ('digests', 'film', 'thumbs', 'shapes')
    )


def test_thumbnails_and_digests(drawn):
    films = {str(seed): drawn(seed) for seed in range(5)}
    films['again'] = films['3'].copy()
    films['turned'] = films['3'].T
    found = prints_of(films)
    assert found.thumbs.shape == (7, SIDE, SIDE) and len(found) == 7
    assert found.film.tolist() == list(range(7))
    expected = cv2.resize(films['2'], (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    assert np.array_equal(found.thumbs[2], expected)
    assert found.shapes[[3, 6]].tolist() == [[240, 200], [200, 240]]
    assert len(np.unique(found.digests, axis=0)) == 6
    assert np.array_equal(found.digests[3], found.digests[5])
    assert same(prints_of(films, workers=3), found)


def test_a_border_gives_a_second_frame(drawn):
    film = drawn(1)
    padded = cv2.copyMakeBorder(film, 0, 0, 30, 10, cv2.BORDER_CONSTANT, value=7)
    found = prints_of(dict(film=film, padded=padded, wide=np.pad(film, (0, 300))))
    assert found.film.tolist() == [0, 1, 1, 2]  # the last is mostly border
    assert found.shapes.tolist() == [[240, 200], [240, 240], [240, 200], [540, 500]]
    assert np.array_equal(found.thumbs[2], found.thumbs[0])
    noisy = padded + np.random.default_rng(0).integers(0, 5, padded.shape, np.uint8)
    assert prints_of(dict(noisy=noisy)).film.tolist() == [0, 0]


def test_some_of_them_and_joined(drawn):
    films = {str(s): np.pad(drawn(s), 20 * (s % 2)) for s in range(6)}
    found = prints_of(films)
    order = [4, 1, 3]
    assert same(found.of(order), prints_of({str(s): films[str(s)] for s in order}))
    halves = [
        prints_of({str(s): films[str(s)] for s in part})
        for part in ((0, 1), (2, 3, 4, 5))
    ]
    assert same(join_prints(halves), found)
    assert len(prints_of({})) == 0 and same(join_prints([prints_of({}), found]), found)


def test_unreadable_films_are_told(drawn):
    def read(name):
        if name == 'bad':
            raise UnreadableFilm('bad: cut short')
        return drawn(0)

    said = []
    found, unreadable = print_films(
        ['a', 'bad', 'b'], read, progress=lambda *n: said.append(n)
    )
    assert found.images == ('a', 'b') and unreadable == {'bad': 'bad: cut short'}
    assert said == [(1, 3), (2, 3), (3, 3)]


def test_file(tmp_path, drawn):
    found = prints_of({'ä/1.png': drawn(1), 'b': np.pad(drawn(2), 20)})
    stamps = np.array([[1, 2], [3, 4]])
    write_prints(tmp_path / 'p.npz', found, stamps)
    read, read_stamps = read_prints(tmp_path / 'p.npz')
    assert same(read, found) and np.array_equal(read_stamps, stamps)
    data = (tmp_path / 'p.npz').read_bytes()
    for bad in (b'', b'text', data[:-30], data[:100]):
        (tmp_path / 'p.npz').write_bytes(bad)
        with pytest.raises(TableError, match='p.npz: not a file of film prints'):
            read_prints(tmp_path / 'p.npz')


def test_pickles_in_the_file_are_refused(tmp_path):
    class Evil:
        def __reduce__(self):
            return (tmp_path / 'ran').mkdir, ()

    np.savez(tmp_path / 'p.npz', format=np.array(Evil(), object))
    with pytest.raises(TableError, match='not a file of film prints'):
        read_prints(tmp_path / 'p.npz')
    assert not (tmp_path / 'ran').exists()


@pytest.fixture
def folder(tmp_path, drawn):
    (tmp_path / 'images/a').mkdir(parents=True)
    for seed in range(4):
        cv2.imwrite(str(tmp_path / f'images/a/{seed}.png'), drawn(seed))
    return tmp_path


def test_films_are_read_once(folder, monkeypatch, drawn):
    from mmcxr.preparing.near_duplicates import dataset_prints as module

    read, said = [], []
    original = module.read_film
    monkeypatch.setattr(
        module, 'read_film', lambda path: read.append(path.name) or original(path)
    )
    monkeypatch.setattr(module, '_BATCH', 3)
    images = [f'a/{seed}.png' for seed in range(4)]
    found, unreadable = dataset_prints(folder, images, 2, lambda *n: said.append(n))
    assert found.images == tuple(images) and not unreadable
    assert sorted(read) == [f'{s}.png' for s in range(4)] and said[-1] == (4, 4)
    assert same(dataset_prints(folder, images)[0], found) and len(read) == 4
    # Another order and a part; one film changed, one gone.
    again, _ = dataset_prints(folder, images[2:0:-1])
    assert again.images == ('a/2.png', 'a/1.png') and len(read) == 4
    dataset_prints(folder, images)
    read.clear()
    cv2.imwrite(str(folder / 'images/a/1.png'), drawn(9))
    (folder / 'images/a/2.png').unlink()
    again, unreadable = dataset_prints(folder, images)
    assert read == ['1.png', '2.png'] and list(unreadable) == ['a/2.png']
    assert again.images == ('a/0.png', 'a/1.png', 'a/3.png')
    assert not np.array_equal(again.digests[1], found.digests[1])
    assert sorted(p.name for p in folder.iterdir()) == [PRINTS_FILE, 'images']
