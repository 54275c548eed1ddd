"""What comes out of a pack is what went in, smaller."""

import pickle
import tarfile
import zlib

import numpy as np
import pytest
from film_kinds import IMAGES, SHAPES, SIZE, mask_of
from PIL import Image

from mmcxr.datasets.films.film import MaskError, read_film
from mmcxr.datasets.films.grey import UnreadableFilm
from mmcxr.datasets.films.resampling import FILTERS, NEAREST, resized
from mmcxr.datasets.packs.layout import PackSettings
from mmcxr.datasets.packs.packing import pack_dataset

PACKED = ((78, 64), (64, 107), (64, 64), (87, 64), (40, 57))


@pytest.fixture(params=['raw', 'png', 'jpeg', 'tar'])
def pack(films, request):
    tar = request.param == 'tar'
    codec = 'png' if tar else request.param
    return pack_dataset(films, PackSettings(SIZE, codec, webdataset=tar))


@pytest.mark.parametrize('number', range(5))
def test_films_are_shrunk_and_stand_for_their_files(films, pack, number):
    film = pack.film(IMAGES[number])
    assert film.shape == SHAPES[number] and film.stored == PACKED[number]
    found, exact = film.whole(), read_film(films / 'images' / IMAGES[number])
    expected = resized(exact, PACKED[number], FILTERS['lanczos'])
    assert found.shape == expected.shape and found.dtype == np.uint8
    error = np.abs(found.astype(int) - expected)
    if pack.settings.codec == 'jpeg':
        assert error.mean() < 2 and error.max() <= 20
    elif IMAGES[number].endswith('.jpg'):  # decoded at no less than twice the size
        assert error.mean() < 0.5 and error.max() <= 8
    else:
        assert not error.any()


@pytest.mark.parametrize('number', [0, 1, 4])
def test_masks_are_the_nearest_pixels(pack, number):
    mask = mask_of(SHAPES[number], number)
    expected = np.array(Image.fromarray(mask).resize(PACKED[number][::-1], NEAREST))
    assert np.array_equal(
        pack.mask(IMAGES[number], f'{IMAGES[number][:-4]}.png'), expected
    )


def test_other_mask_columns_are_packed_too(pack):
    assert pack.mask(IMAGES[2], 'heart.png').shape == PACKED[2]


def test_what_could_not_be_read_says_why(films, pack):
    assert pack.unreadable() == 1
    with pytest.raises(UnreadableFilm, match=r'p2/f\.png: cannot identify .*packs'):
        pack.film(IMAGES[5])


def test_a_bad_mask_says_why(films):
    values = np.random.default_rng(0).integers(0, 9, SHAPES[0]).astype(np.uint8)
    Image.fromarray(values).save(films / 'masks/p0/a.png')
    pack = pack_dataset(films, PackSettings(SIZE))
    assert pack.film(IMAGES[0]).stored == PACKED[0] and pack.unreadable() == 2
    with pytest.raises(MaskError, match=r'p0/a\.png: a mask holds 0 and 1'):
        pack.mask(IMAGES[0], 'p0/a.png')


def test_it_travels_as_its_path(pack):
    data = pickle.dumps(pack)
    assert len(data) < 1000
    twin = pickle.loads(data)
    for image in IMAGES[:5]:
        assert np.array_equal(twin.film(image).whole(), pack.film(image).whole())


def test_raw_films_are_not_copied(films):
    pack = pack_dataset(films, PackSettings(SIZE, 'raw'))
    first, again = (pack.film(IMAGES[0]).whole() for _ in range(2))
    assert np.shares_memory(first, again) and not first.flags.writeable


def test_a_tar_is_webdatasets(films):
    """Members of a row follow each other and share a name up to the first dot."""
    settings = PackSettings(SIZE, 'jpeg', webdataset=True, order='table')
    pack = pack_dataset(films, settings, shard_bytes=12000)
    paths = sorted(pack.folder.glob('*.tar'))
    assert len(paths) > 1
    rows = []
    for place, path in enumerate(paths):
        with tarfile.open(path) as tar:
            for member in tar:
                key, _, suffix = member.name.partition('.')
                if not rows or rows[-1][0] != key:
                    rows.append((key, place, {}))
                rows[-1][2][suffix] = tar.extractfile(member).read()
    assert [key for key, _, _ in rows] == [f'{number:09d}' for number in range(6)]
    assert list(rows[0][2]) == ['json', 'jpg', 'mask.png']
    assert list(rows[2][2]) == ['json', 'jpg', 'mask_heart.png']
    assert list(rows[5][2]) == ['json', 'unreadable.txt']
    for image, (_, place, members) in zip(IMAGES[:5], rows, strict=False):
        record, data = pack.read(f'images/{image}')
        assert data.tobytes() == members['jpg']
        assert zlib.crc32(members['jpg']) == record['crc']
        assert pack.places([image])[0, 0] == place


def test_the_text_of_a_row_is_its_table(films):
    import json

    pack = pack_dataset(films, PackSettings(SIZE, webdataset=True))
    row = json.loads(pack.read(f'rows/{IMAGES[0]}')[1].tobytes())
    assert row['image'] == IMAGES[0] and row['Edema'] == 0
    assert row['boxes'] == [[10, 20, 60, 40, 'x']] and row['mask'] == 'p0/a.png'


@pytest.mark.parametrize(
    'settings',
    [
        dict(codec='webp'),
        dict(size=0),
        dict(quality=101),
        dict(codec='raw', webdataset=True),
        dict(order='patients'),
    ],
)
def test_bad_settings(settings):
    with pytest.raises(ValueError, match=r'none of|at least 1|others read'):
        PackSettings(**settings)
