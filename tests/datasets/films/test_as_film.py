"""Films from PIL images and arrays, and the stretch of deep ones."""

import numpy as np
import pytest
from PIL import Image

from mmcxr.datasets.films.film import as_film
from mmcxr.datasets.films.grey import UnreadableFilm, stretch


@pytest.fixture
def grey():
    """(47, 61) uint8, smooth as a film and not using the whole range."""
    y, x = np.mgrid[:47, :61]
    return (20 + 90 * (1 + np.sin(x / 9) * np.cos(y / 7))).astype(np.uint8)


@pytest.mark.parametrize('dtype', [np.uint16, np.int16, np.int32, np.float32])
def test_stretch_is_the_same_for_every_number_type(dtype):
    values = np.random.default_rng(1).integers(7, 30000, (13, 17)).astype(dtype)
    assert np.array_equal(stretch(values), stretch(values.astype(np.float64)))


def test_stretch_ignores_scale_and_offset(grey):
    assert np.array_equal(stretch(grey), stretch(grey * 3.0 - 1000))


def test_stretch_of_the_whole_16_bits():
    values = np.arange(65536, dtype=np.uint16)
    assert np.array_equal(stretch(values), np.rint(values / 257))


def test_as_film_of_the_same_film_in_many_forms(tmp_path, grey):
    whole = stretch(grey)  # 0..255, so that no form changes the range
    path = tmp_path / 'a.png'
    Image.fromarray(whole).save(path)
    forms = [
        path,
        str(path),
        Image.fromarray(whole),
        Image.fromarray(whole).convert('RGBA'),
        whole,
        whole[..., None],
        np.dstack([whole] * 3),
        np.dstack([whole] * 3 + [np.zeros_like(whole)]),
        whole.astype(np.uint16) * 16,
        whole / 255,
        whole.astype(np.float32),
        np.dstack([whole / 255] * 3),
    ]
    for form in forms:
        film = as_film(form)
        assert film.dtype == np.uint8 and film.flags.c_contiguous
        assert np.array_equal(film, whole)


def test_as_film_of_a_reversed_view_is_contiguous(grey):
    film = as_film(grey[::-1, ::2])
    assert film.flags.c_contiguous and np.array_equal(film, grey[::-1, ::2])


@pytest.mark.parametrize(
    ('values', 'cause'),
    [
        (np.array([[-0.5, 0.5]]), 'neither'),
        (np.array([[0, 300.0]]), 'neither'),
        (np.array([[0, 1.05]]), 'neither'),
        (np.array([[0, np.nan]]), 'NaN'),
        (np.array([[0, np.inf]]), 'NaN or infinite'),
        (np.array([[0, 9]]), 'no agreed range'),
        (np.array([[False, True]]), 'no agreed range'),
        (np.zeros((0, 4), np.uint8), 'empty'),
        (np.zeros((4, 4), np.uint8), 'constant'),
        (np.zeros((4, 4), np.uint16), 'constant'),
        (np.ones((3, 8, 8), np.uint8), 'expected'),
        (np.ones((1, 8, 8, 3), np.uint8), 'expected'),
    ],
)
def test_as_film_refuses(values, cause):
    with pytest.raises(UnreadableFilm, match=f'{values.dtype} array of .*{cause}'):
        as_film(values)


def test_as_film_refuses_other_objects():
    with pytest.raises(UnreadableFilm, match='not list'):
        as_film([[0, 1]])


def test_as_film_of_a_cut_image(tmp_path, grey):
    path = tmp_path / 'a.jpg'
    Image.fromarray(grey).save(path)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(UnreadableFilm, match='PIL image of mode L, 47x61'):
        as_film(Image.open(path))
