"""Films decoded when asked, against films decoded at once."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from mmcxr.datasets.films.deferred_film import DeferredFilm, decoded, open_film
from mmcxr.datasets.films.film import read_film
from mmcxr.datasets.films.grey import UnreadableFilm
from mmcxr.datasets.films.resampling import FILTERS, NEAREST, resized, resized_box
from mmcxr.registry import TRANSFORMS

BILINEAR = FILTERS['bilinear']


def film_like(shape, seed=0, grain=6):
    """Smooth anatomy, an edge, a bright marker and grain."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[: shape[0], : shape[1]] / min(shape)
    film = 110 + 60 * np.sin(5 * x) * np.cos(4 * y) + 30 * (x + 0.3 * y > 0.6)
    film[shape[0] // 9 : shape[0] // 7, shape[1] // 9 : shape[1] // 6] = 245
    noise = cv2.GaussianBlur(rng.normal(size=shape), (0, 0), 0.8)
    return np.clip(film + grain * noise / noise.std(), 0, 255).astype(np.uint8)


def jpeg_of(array, path=None, **options):
    data = io.BytesIO()
    Image.fromarray(array).save(data, 'JPEG', **{'quality': 95, **options})
    if path is None:
        return data.getvalue()
    path.write_bytes(data.getvalue())
    return path


# --- a box of a film held at another size ----------------------------------------


@pytest.mark.parametrize('resample', [*FILTERS.values(), NEAREST])
@pytest.mark.parametrize('box', [(0, 0, 61, 47), (5, 9, 31, 22), (20, 3, 41, 44)])
def test_a_box_at_full_size_is_a_crop_and_a_resize(resample, box):
    film = film_like((61, 47))
    top, left, height, width = box
    crop = film[top : top + height, left : left + width]
    found = resized_box(film, film.shape, box, (13, 17), resample)
    assert np.array_equal(found, resized(crop, (13, 17), resample))


@pytest.mark.parametrize('factor', [1.5, 2, 3.7, 8])
@pytest.mark.parametrize('box', [(0, 0, 600, 480), (131, 77, 303, 333)])
def test_a_box_lies_where_it_lay(factor, box):
    """A ramp held at another size reads, in each place, as the ramp does."""
    height, width = 600, 480
    held = (round(height / factor), round(width / factor))
    scale = height / held[0], width / held[1]
    y, x = ((np.arange(n) + 0.5) * s for n, s in zip(held, scale, strict=True))
    film = np.rint(20 + 0.1037 * y[:, None] + 0.3071 * x).astype(np.uint8)
    found = resized_box(film, (height, width), box, (20, 24), BILINEAR)
    y = box[0] + (np.arange(20) + 0.5) * box[2] / 20
    x = box[1] + (np.arange(24) + 0.5) * box[3] / 24
    expected = 20 + 0.1037 * y[:, None] + 0.3071 * x
    inner = np.s_[1:-1, 1:-1]  # at its edge the filter loses its balance
    assert np.abs(found[inner] - expected[inner]).max() < 1.5
    assert abs((found[inner] - expected[inner]).mean()) < 0.15


def test_a_map_at_another_size_takes_the_nearest_value():
    rng = np.random.default_rng(3)
    held = rng.integers(0, 2, (37, 53), dtype=np.uint8)
    whole, box, shape = (370, 530), (33, 41, 287, 401), (19, 29)
    found = resized_box(held, whole, box, shape, NEAREST)
    rows = ((box[0] + (np.arange(19) + 0.5) * box[2] / 19) / 10).astype(int)
    cols = ((box[1] + (np.arange(29) + 0.5) * box[3] / 29) / 10).astype(int)
    assert np.array_equal(found, held[np.ix_(rows, cols)])


# --- reductions ------------------------------------------------------------------


@pytest.mark.parametrize(
    ('stored', 'shape', 'box', 'wanted', 'k'),
    [
        ((3056, 2544), (3056, 2544), (0, 0, 3056, 2544), (224, 224), 8),
        ((3056, 2544), (3056, 2544), (0, 0, 3056, 2544), (448, 448), 4),
        ((3056, 2544), (3056, 2544), (9, 9, 1792, 1792), (224, 224), 8),
        ((3056, 2544), (3056, 2544), (9, 9, 1791, 1792), (224, 224), 4),
        ((3056, 2544), (3056, 2544), (9, 9, 3000, 447), (224, 224), 1),
        ((3056, 2544), (3056, 2544), (0, 0, 3056, 2544), (224, 700), 2),
        ((512, 426), (3056, 2544), (0, 0, 3056, 2544), (224, 224), 1),
        ((614, 512), (3056, 2544), (0, 0, 3056, 2544), (224, 224), 2),
        ((614, 512), (3056, 2544), (0, 0, 3056, 2544), (700, 700), 1),
    ],
)
def test_reductions_leave_at_least_the_pixels_of_the_result(
    stored, shape, box, wanted, k
):
    film = DeferredFilm(None, stored, shape, (2, 4, 8))
    assert film.reduction(box, wanted) == k
    assert DeferredFilm(None, stored, shape).reduction(box, wanted) == 1


@pytest.mark.parametrize('interpolation', FILTERS)
@pytest.mark.parametrize('shape', [(1203, 1001), (897, 1290)])
@pytest.mark.parametrize(
    ('share', 'size'), [(1, 100), (1, 140), (0.7, 100), (0.6, 230)]
)
def test_grey_values_of_a_reduced_film(tmp_path, interpolation, shape, share, size):
    """Half a grey level on average; more where an edge meets the result's pixels."""
    path = jpeg_of(film_like(shape), tmp_path / 'a.jpg')
    height, width = (int(share * side) for side in shape)
    box = (shape[0] - height - 7 * (share < 1), shape[1] - width, height, width)
    resample = FILTERS[interpolation]
    film = open_film(path)
    assert film.reduction(box, (size, size)) in (2, 4, 8)
    found = film.region(box, (size, size), resample)
    exact = resized_box(read_film(path), shape, box, (size, size), resample)
    error = np.abs(found.astype(int) - exact)
    assert found.shape == (size, size) and found.dtype == np.uint8
    assert error.mean() < 0.9
    assert np.percentile(error, 99) <= (8 if interpolation == 'bilinear' else 12)


def test_reduced_films_do_not_shift(tmp_path):
    """Of a ramp, in files whose sides 8 divides and does not."""
    for width in range(801, 817):
        ramp = np.tile((np.arange(width) * 0.3).astype(np.uint8), (600, 1))
        film = open_film(jpeg_of(ramp, tmp_path / 'a.jpg'))
        box = (100, 33, 480, width - 33)
        found = film.region(box, (60, 96), BILINEAR)
        exact = resized_box(film.whole(), film.shape, box, (60, 96), BILINEAR)
        assert film.reduction(box, (60, 96)) >= 4
        error = found.astype(int) - exact
        assert abs(error.mean()) < 0.25 and np.abs(error).max() <= 2, width


def test_a_small_film_is_exact(tmp_path):
    path = jpeg_of(film_like((300, 260)), tmp_path / 'a.jpg')
    box = (3, 11, 280, 222)
    found = open_film(path).region(box, (120, 121), BILINEAR)
    exact = resized_box(read_film(path), (300, 260), box, (120, 121), BILINEAR)
    assert np.array_equal(found, exact)


def test_a_film_is_decoded_once_at_each_size(tmp_path, monkeypatch):
    film = open_film(jpeg_of(film_like((900, 900)), tmp_path / 'a.jpg'))
    calls = []
    real = film._decode
    monkeypatch.setattr(film, '_decode', lambda k: calls.append(k) or real(k))
    for _ in range(2):
        film.copy().region((0, 0, 900, 900), (100, 100), BILINEAR)
        film.region((0, 0, 500, 500), (200, 200), BILINEAR)
        film.whole()
    assert calls == [8, 2, 1]


# --- kinds of files --------------------------------------------------------------


@pytest.mark.parametrize('options', [{}, dict(progressive=True), dict(quality=40)])
def test_colour_jpegs_are_deferred_too(tmp_path, options):
    film = film_like((800, 900))
    colour = np.dstack([film, film[::-1], 255 - film])
    path = jpeg_of(colour, tmp_path / 'a.jpg', **options)
    found = open_film(path)
    assert isinstance(found, DeferredFilm)
    assert np.array_equal(found.whole(), read_film(path))
    box = (0, 0, 800, 900)
    exact = resized_box(read_film(path), (800, 900), box, (90, 90), BILINEAR)
    error = np.abs(found.region(box, (90, 90), BILINEAR).astype(int) - exact)
    assert error.mean() < 1.5


def test_other_files_are_read_at_once(tmp_path):
    film = film_like((300, 260))
    turned = Image.Exif()
    turned[274] = 6
    jpeg_of(film, tmp_path / 'turned.jpg', exif=turned)
    Image.fromarray(film).convert('CMYK').save(tmp_path / 'cmyk.jpg')
    Image.fromarray(film).save(tmp_path / 'a.png')
    Image.fromarray(film.astype(np.uint16) * 9).save(tmp_path / 'deep.png')
    for path in tmp_path.iterdir():
        found = open_film(path)
        assert isinstance(found, np.ndarray), path.name
        assert np.array_equal(found, read_film(path))


def test_an_upright_tag_does_not_matter(tmp_path):
    upright = Image.Exif()
    upright[274] = 1
    path = jpeg_of(film_like((300, 260)), tmp_path / 'a.jpg', exif=upright)
    assert isinstance(open_film(path), DeferredFilm)


# --- bad files -------------------------------------------------------------------


@pytest.mark.parametrize('share', [0.4, 0.99])
@pytest.mark.parametrize('size', [60, 600])
def test_a_cut_file_is_refused_when_it_is_decoded(tmp_path, share, size):
    data = jpeg_of(film_like((700, 700)))
    path = tmp_path / 'cut.jpg'
    path.write_bytes(data[: int(len(data) * share)])
    film = open_film(path)
    with pytest.raises(UnreadableFilm, match=r'cut\.jpg: .*truncated'):
        film.region((0, 0, 700, 700), (size, size), BILINEAR)


def test_a_constant_film_is_refused(tmp_path):
    path = jpeg_of(np.full((700, 700), 9, np.uint8), tmp_path / 'black.jpg')
    with pytest.raises(UnreadableFilm, match=r'black\.jpg: is a constant image'):
        open_film(path).region((0, 0, 700, 700), (60, 60), BILINEAR)


@pytest.mark.parametrize('content', [b'', b'FINDINGS: clear.', b'\xff\xd8\xff\xe0'])
def test_no_film(tmp_path, content):
    path = tmp_path / 'a.jpg'
    path.write_bytes(content)
    with pytest.raises(UnreadableFilm, match=r'a\.jpg: '):
        open_film(path)


def test_a_missing_file(tmp_path):
    with pytest.raises(UnreadableFilm, match=r'none\.jpg: no such file'):
        open_film(tmp_path / 'none.jpg')


# --- in a pipeline ---------------------------------------------------------------

TRAINING = [
    dict(type='FilmRandomResizedCrop', size=90),
    dict(type='FilmFlip'),
    dict(type='GreyJitter'),
]


def run(results, *steps):
    for step in steps:
        results = TRANSFORMS.build(step)(results)
    return results


@pytest.mark.parametrize('seed', range(6))
def test_the_draws_of_a_deferred_film_are_the_same(tmp_path, seed):
    path = str(jpeg_of(film_like((640, 560)), tmp_path / 'a.jpg'))
    films, after = [], []
    for deferred in (False, True):
        np.random.seed(seed)
        loaded = run(dict(img_path=path), dict(type='LoadFilm', deferred=deferred))
        assert isinstance(loaded['img'], DeferredFilm) == deferred
        assert loaded['ori_shape'] == loaded['img_shape'] == (640, 560)
        results = run(loaded, *TRAINING)
        assert results['img_shape'] == (90, 90)
        films.append(results['img'].astype(int))
        after.append(np.random.rand())
    assert after[0] == after[1]
    assert np.abs(films[1] - films[0]).mean() < 1.5


def test_steps_on_the_whole_film_come_first(tmp_path):
    path = str(jpeg_of(film_like((640, 560)), tmp_path / 'a.jpg'))
    steps = [dict(type='CLAHE'), TRAINING[2], dict(type='FilmCenterCrop', size=500)]
    films = []
    for deferred in (False, True):
        np.random.seed(1)
        load = dict(type='LoadFilm', deferred=deferred)
        films.append(run(dict(img_path=path), load, *steps)['img'])
    assert np.array_equal(*films)


def test_masks_of_a_deferred_film(tmp_path):
    film = film_like((640, 560))
    path = str(jpeg_of(film, tmp_path / 'a.jpg'))
    Image.fromarray((film > 128).astype(np.uint8)).save(tmp_path / 'm.png')
    masks = []
    for deferred in (False, True):
        np.random.seed(5)
        sample = dict(img_path=path, seg_map_path=str(tmp_path / 'm.png'))
        load = dict(type='LoadFilm', deferred=deferred)
        results = run(sample, load, dict(type='LoadFilmMask'), *TRAINING[:2])
        masks.append(results['gt_seg_map'])
    assert masks[0].shape == (90, 90) and masks[0].any()
    assert np.array_equal(*masks)


def test_an_array_is_taken_as_it_is():
    film = film_like((64, 56))
    results = run(dict(img=film), dict(type='LoadFilm', deferred=True))
    assert results['img'] is film and decoded(film) is film


def test_two_views_of_one_deferred_film(tmp_path):
    path = str(jpeg_of(film_like((640, 560)), tmp_path / 'a.jpg'))
    views = [dict(img_path=path, image='a.jpg', view='PA')]
    load = dict(type='LoadFilm', deferred=True)
    np.random.seed(0)
    study = dict(views=views, study_id='s')
    results = run(study, dict(type='MultiView', transforms=[load, *TRAINING]))
    assert results['img'].shape == (2, 90, 90)
    assert not np.array_equal(*results['img'])
    assert results['ori_shape'] == [(640, 560)] * 2
