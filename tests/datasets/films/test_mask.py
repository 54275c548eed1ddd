"""Binary masks from files."""

import numpy as np
import pytest
from PIL import Image

from mmcxr.datasets.films.film import MaskError, read_mask

MASK = np.random.default_rng(0).random((5, 7)) < 0.4


def save(path, array):
    Image.fromarray(array).save(path)
    return path


@pytest.mark.parametrize('high', [1, 255])
def test_mask_values(tmp_path, high):
    path = save(tmp_path / 'm.png', MASK.astype(np.uint8) * high)
    read = read_mask(path, MASK.shape)
    assert read.dtype == np.uint8 and np.array_equal(read, MASK)


def test_mask_forms(tmp_path):
    forms = {
        'bits': Image.fromarray(MASK),
        'palette': Image.fromarray(MASK.astype(np.uint8)).convert('P'),
        'rgb': Image.fromarray(np.dstack([MASK.astype(np.uint8) * 255] * 3)),
    }
    forms['palette'].putpalette([9, 9, 9, 200, 0, 0])
    for name, image in forms.items():
        image.save(tmp_path / f'{name}.png')
        assert np.array_equal(read_mask(tmp_path / f'{name}.png'), MASK), name


@pytest.mark.parametrize('value', [0, 1, 255])
def test_mask_of_one_value(tmp_path, value):
    path = save(tmp_path / 'm.png', np.full((5, 7), value, np.uint8))
    assert (read_mask(path) == bool(value)).all()


@pytest.mark.parametrize(
    ('values', 'cause'),
    [
        ([[0, 2]], 'found 0, 2'),
        ([[0, 1, 255]], 'found 0, 1, 255'),
        ([list(range(10))], r'found 0, 1, 2, 3, 4, 5, \.\.\. \(10 values\)'),
    ],
)
def test_mask_of_other_values(tmp_path, values, cause):
    path = save(tmp_path / 'm.png', np.array(values, np.uint8))
    with pytest.raises(MaskError, match=rf'm\.png: a mask holds .*{cause}'):
        read_mask(path)


def test_mask_in_colour(tmp_path):
    colour = np.arange(105, dtype=np.uint8).reshape(5, 7, 3)
    with pytest.raises(MaskError, match='in colour'):
        read_mask(save(tmp_path / 'm.png', colour))


def test_mask_of_another_size(tmp_path):
    path = save(tmp_path / 'm.png', np.eye(5, 7, dtype=np.uint8))
    with pytest.raises(MaskError, match='mask is 5x7 but its film is 7x5'):
        read_mask(path, (7, 5))


def test_unreadable_mask(tmp_path):
    with pytest.raises(MaskError, match=r'none\.png'):
        read_mask(tmp_path / 'none.png')
