"""Films from image files: every kind that reads, every fault that is named."""

import io
import pickle
import re

import cv2
import numpy as np
import pytest
from PIL import Image

from mmcxr.datasets.films.film import as_film, read_film, read_mask
from mmcxr.datasets.films.grey import UnreadableFilm, stretch


@pytest.fixture
def grey():
    """(47, 61) uint8, smooth as a film and not using the whole range."""
    y, x = np.mgrid[:47, :61]
    return (20 + 90 * (1 + np.sin(x / 9) * np.cos(y / 7))).astype(np.uint8)


@pytest.fixture
def colour(grey):
    return np.dstack([grey, grey[::-1], 255 - grey])


def save(path, array, **options):
    Image.fromarray(array).save(path, **options)
    return path


def test_grey_png_keeps_its_values(tmp_path, grey):
    film = read_film(save(tmp_path / 'a.png', grey))
    assert film.dtype == np.uint8
    assert np.array_equal(film, grey)


@pytest.mark.parametrize('options', [{}, dict(progressive=True), dict(quality=30)])
def test_grey_jpeg_equals_pil(tmp_path, grey, options):
    path = save(tmp_path / 'a.jpg', grey, **options)
    expected = np.asarray(Image.open(path)).astype(int)
    assert np.abs(read_film(str(path)) - expected).max() <= 1


@pytest.mark.parametrize('suffix', ['png', 'jpg', 'bmp', 'tif'])
def test_colour_becomes_luma(tmp_path, colour, suffix):
    path = save(tmp_path / f'a.{suffix}', colour)
    assert np.array_equal(read_film(path), np.asarray(Image.open(path).convert('L')))


@pytest.mark.parametrize('mode', ['1', 'P', 'LA', 'RGBA', 'PA'])
def test_other_modes_become_luma_of_their_colours(tmp_path, grey, mode):
    image = Image.fromarray(grey).convert(mode)
    expected = image.convert('RGB').convert('L')
    assert np.array_equal(as_film(image), np.asarray(expected))
    if mode != 'PA':  # no file format holds it
        image.save(tmp_path / 'a.png')
        assert np.array_equal(read_film(tmp_path / 'a.png'), np.asarray(expected))


def test_transparency_is_ignored(tmp_path, grey):
    alpha = np.where(grey > 100, 255, 0).astype(np.uint8)
    path = save(tmp_path / 'a.png', np.dstack([grey, grey, grey, alpha]))
    assert np.array_equal(read_film(path), grey)


def test_cmyk_jpeg(tmp_path, grey):
    path = tmp_path / 'a.jpg'
    Image.fromarray(grey).convert('CMYK').save(path)
    assert np.array_equal(read_film(path), np.asarray(Image.open(path).convert('L')))


@pytest.mark.parametrize('bits', [10, 12, 16])
def test_deep_png_is_stretched_from_its_own_range(tmp_path, grey, bits):
    deep = grey.astype(np.uint16) << (bits - 8)
    film = read_film(save(tmp_path / 'a.png', deep))
    low, high = float(deep.min()), float(deep.max())
    expected = np.rint((deep - low) / (high - low) * 255)
    assert np.array_equal(film, expected)
    assert (film.min(), film.max()) == (0, 255)


def test_deep_colour_png_keeps_its_low_bits(tmp_path, grey):
    """12 bits in 16: the upper byte alone would be nearly black."""
    path = tmp_path / 'a.png'
    deep = grey.astype(np.uint16) * 4
    cv2.imwrite(str(path), np.dstack([deep] * 3))
    assert np.array_equal(read_film(path), stretch(deep))
    cv2.imwrite(str(path), np.dstack([deep // 2, deep, deep * 3]))  # B, G, R
    expected = stretch(0.299 * (deep * 3) + 0.587 * deep + 0.114 * (deep // 2))
    assert np.abs(read_film(path).astype(int) - expected).max() <= 1


def test_float_tiff_is_stretched(tmp_path, grey):
    path = save(tmp_path / 'a.tif', grey.astype(np.float32) / 1000)
    assert np.array_equal(read_film(path), stretch(grey))


@pytest.mark.parametrize('suffix', ['jpg', 'png'])
@pytest.mark.parametrize('orientation', range(1, 9))
def test_exif_orientation_is_applied(tmp_path, grey, suffix, orientation):
    exif = Image.Exif()
    exif[274] = orientation
    path = save(tmp_path / f'a.{suffix}', grey, exif=exif)
    turned = {
        1: grey,
        2: grey[:, ::-1],
        3: grey[::-1, ::-1],
        4: grey[::-1],
        5: grey.T,
        6: grey.T[:, ::-1],
        7: grey.T[::-1, ::-1],
        8: grey.T[::-1],
    }[orientation]
    film = read_film(path)
    assert film.shape == turned.shape
    assert np.abs(film.astype(int) - turned).max() <= (8 if suffix == 'jpg' else 0)
    assert np.array_equal(as_film(Image.open(path)), film)


def test_content_decides_not_the_suffix(tmp_path, grey):
    save(tmp_path / 'a.png', grey).rename(tmp_path / 'a.jpg')
    assert np.array_equal(read_film(tmp_path / 'a.jpg'), grey)


# --- bad files ------------------------------------------------------------------


def jpeg_bytes(array, **options):
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, 'JPEG', quality=95, **options)
    return buffer.getvalue()


@pytest.fixture
def noise():
    return np.random.default_rng(0).integers(0, 256, (90, 110), dtype=np.uint8)


@pytest.mark.parametrize('channels', [1, 3])
@pytest.mark.parametrize('progressive', [False, True])
@pytest.mark.parametrize('share', [0.3, 0.6, 0.95, 0.9995])
@pytest.mark.parametrize('tail', [b'', b'\0' * 4000])
def test_truncated_jpeg(tmp_path, noise, channels, progressive, share, tail):
    """OpenCV fills the rest with grey and says nothing."""
    array = noise if channels == 1 else np.dstack([noise] * 3)
    data = jpeg_bytes(array, progressive=progressive)
    path = tmp_path / 'cut.jpg'
    path.write_bytes(data[: int(len(data) * share)] + tail)
    with pytest.raises(UnreadableFilm, match=r'cut\.jpg: .*truncated'):
        read_film(path)


def test_jpeg_cut_after_its_thumbnail(tmp_path, noise):
    """The end marker of an embedded thumbnail is not the film's."""
    data = jpeg_bytes(noise)
    thumbnail = jpeg_bytes(noise[:16, :16])
    segment = b'\xff\xe1' + (len(thumbnail) + 2).to_bytes(2, 'big') + thumbnail
    data = data[:2] + segment + data[2:]
    path = tmp_path / 'a.jpg'
    path.write_bytes(data)
    assert np.array_equal(read_film(path), np.asarray(Image.open(path)))
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(UnreadableFilm, match='truncated'):
        read_film(path)


def test_jpeg_with_bytes_after_its_end(tmp_path, noise):
    path = tmp_path / 'a.jpg'
    path.write_bytes(jpeg_bytes(noise) + b'\0' * 5000)
    assert read_film(path).shape == noise.shape


def test_truncated_png(tmp_path, noise):
    path = save(tmp_path / 'cut.png', noise)
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(UnreadableFilm, match=r'cut\.png: .*truncated'):
        read_film(path)


def test_missing_file(tmp_path):
    with pytest.raises(UnreadableFilm, match=r'none\.png: no such file'):
        read_film(tmp_path / 'none.png')


def test_a_folder(tmp_path):
    with pytest.raises(UnreadableFilm, match=re.escape(str(tmp_path))):
        read_film(tmp_path)


@pytest.mark.parametrize('name', ['a.png', 'a.jpg', 'a.dcm'])
def test_empty_file(tmp_path, name):
    (tmp_path / name).touch()
    with pytest.raises(UnreadableFilm, match=f'{name}: the file is empty'):
        read_film(tmp_path / name)


def test_not_an_image(tmp_path):
    path = tmp_path / 'report.jpg'
    path.write_text('FINDINGS: the lungs are clear.')
    with pytest.raises(UnreadableFilm, match=r'report\.jpg: cannot identify'):
        read_film(path)


@pytest.mark.parametrize('value', [0, 255])
@pytest.mark.parametrize('dtype', [np.uint8, np.uint16])
def test_constant_film(tmp_path, value, dtype):
    path = save(tmp_path / 'black.png', np.full((9, 9), value, dtype))
    message = rf'black\.png: is a constant image \(every pixel is {value}\)'
    with pytest.raises(UnreadableFilm, match=message):
        read_film(path)


def test_nan_pixels(tmp_path, grey):
    values = grey.astype(np.float32)
    values[3, 4] = np.nan
    with pytest.raises(UnreadableFilm, match='NaN'):
        read_film(save(tmp_path / 'a.tif', values))


def test_several_frames(tmp_path, grey):
    frames = [Image.fromarray(grey), Image.fromarray(grey[::-1].copy())]
    frames[0].save(tmp_path / 'a.tif', save_all=True, append_images=frames[1:])
    with pytest.raises(UnreadableFilm, match='holds 2 frames'):
        read_film(tmp_path / 'a.tif')


def test_error_survives_a_worker_process():
    error = pickle.loads(pickle.dumps(UnreadableFilm('a.png: no such file')))
    assert isinstance(error, UnreadableFilm) and str(error) == 'a.png: no such file'


def test_a_missing_package_is_not_an_unreadable_film(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__('sys').modules, 'pydicom', None)
    path = tmp_path / 'a.dcm'
    path.write_bytes(b'\0' * 128 + b'DICM')
    with pytest.raises(ImportError):
        read_film(path)


# --- real films ------------------------------------------------------------------


def test_real_films_and_masks(shared_dir):
    folder = shared_dir / 'data' / 'covid_cxr'
    films = sorted((folder / 'images').iterdir())
    masks = {path.stem: path for path in (folder / 'lung_masks').iterdir()}
    assert len(films) == 262 and len(masks) == 111
    for path in films:
        film = read_film(path)
        assert film.dtype == np.uint8 and film.ndim == 2 and min(film.shape) > 100
        if path.stem in masks:
            mask = read_mask(masks[path.stem], film.shape)
            assert 0 < mask.mean() < 1
