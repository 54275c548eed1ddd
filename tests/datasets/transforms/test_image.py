"""Grey values against the published steps on three equal channels."""

import cv2
import numpy as np
import pytest
from PIL import Image

from mmcxr.datasets.transforms import image as image_transforms
from mmcxr.datasets.transforms.image import jitter
from mmcxr.registry import TRANSFORMS
from mmcxr.torchvision_schema import ensure_torchvision

ensure_torchvision()
from torchvision.transforms import functional as F  # noqa: E402


@pytest.fixture
def film():
    """(64, 72) uint8: every grey value, a gradient under noise."""
    rng = np.random.default_rng(0)
    values = np.linspace(0, 255, 64 * 72).reshape(64, 72) + rng.normal(0, 20, (64, 72))
    values = np.clip(values, 0, 255).astype(np.uint8)
    values.ravel()[:256] = np.arange(256)
    return values


def released_clahe(film, clip_limit, tile_grid):
    """What albumentations 1.3.1 does to a film opened as RGB."""
    lab = cv2.cvtColor(np.dstack([film] * 3), cv2.COLOR_RGB2LAB)
    clahe = cv2.createCLAHE(clip_limit, (tile_grid, tile_grid))
    lab[:, :, 0] = clahe.apply(np.ascontiguousarray(lab[:, :, 0]))
    return cv2.cvtColor(lab, cv2.COLOR_LAB2RGB)


@pytest.mark.parametrize('clip_limit', [1.0, 2.7, 4.0])
@pytest.mark.parametrize('tile_grid', [2, 8])
def test_clahe_on_lightness_is_the_released_one(film, clip_limit, tile_grid):
    transform = TRANSFORMS.build(dict(type='CLAHE', tile_grid=tile_grid))
    found = transform.equalise(film, clip_limit).astype(int)
    expected = released_clahe(film, clip_limit, tile_grid).astype(int)
    assert np.abs(found[..., None] - expected).max() <= 1
    assert np.abs(found - film).max() > 5


def test_lightness_of_a_grey_is_one_channel():
    """Why two tables are enough: chroma stays neutral, and back again within 1."""
    to_lightness, to_grey = image_transforms._lightness_tables()
    assert (np.diff(to_lightness.astype(int)) >= 0).all()
    assert (np.diff(to_grey.astype(int)) >= 0).all()
    assert np.abs(to_grey[to_lightness].astype(int) - np.arange(256)).max() <= 1
    for value in range(256):
        pixel = np.full((1, 1, 3), value, np.uint8)
        lab = cv2.cvtColor(pixel, cv2.COLOR_RGB2LAB)[0, 0]
        assert lab.tolist() == [to_lightness[value], 128, 128]


def test_clahe_on_intensity(film):
    transform = TRANSFORMS.build(dict(type='CLAHE', on='intensity'))
    expected = cv2.createCLAHE(3.0, (8, 8)).apply(film)
    assert np.array_equal(transform.equalise(film, 3.0), expected)


def test_clahe_draws(film, monkeypatch):
    transform = TRANSFORMS.build(dict(type='CLAHE', prob=0.3, clip_limit=(1.5, 3.5)))
    limits = []
    monkeypatch.setattr(
        transform, 'equalise', lambda img, limit: limits.append(limit) or img
    )
    np.random.seed(0)
    for _ in range(2000):
        transform(dict(img=film))
    assert 0.26 < len(limits) / 2000 < 0.34
    assert 1.5 <= min(limits) < 1.6 and 3.4 < max(limits) <= 3.5


@pytest.mark.parametrize(('prob', 'changed'), [(0.0, False), (1.0, True)])
def test_clahe_never_and_always(film, prob, changed):
    transform = TRANSFORMS.build(dict(type='CLAHE', prob=prob))
    before = film.copy()
    found = transform(dict(img=film))['img']
    assert (not np.array_equal(found, before)) == changed
    assert np.array_equal(film, before)


@pytest.mark.parametrize('brightness_first', [True, False])
def test_jitter_is_torchvisions_to_the_last_bit(film, brightness_first):
    rng = np.random.default_rng(1)
    for _ in range(60):
        brightness, contrast = rng.uniform(0.5, 1.6, 2)
        steps = [(F.adjust_brightness, brightness), (F.adjust_contrast, contrast)]
        expected = Image.fromarray(film).convert('RGB')
        for adjust, factor in steps if brightness_first else steps[::-1]:
            expected = adjust(expected, factor)
        found = jitter(film, brightness, contrast, brightness_first)
        assert np.array_equal(np.dstack([found] * 3), np.asarray(expected))


@pytest.mark.parametrize('factor', [0.8, 0.93, 1.0, 1.2])
def test_saturation_leaves_grey_unchanged(film, factor):
    rgb = Image.fromarray(film).convert('RGB')
    assert np.array_equal(F.adjust_saturation(rgb, factor), rgb)


@pytest.mark.parametrize('factor', [-0.1, -0.03, 0.0, 0.1, 0.5])
def test_hue_leaves_grey_unchanged(film, factor):
    rgb = Image.fromarray(film).convert('RGB')
    assert np.array_equal(F.adjust_hue(rgb, factor), rgb)


def test_jitter_draws(film, monkeypatch):
    calls = []
    monkeypatch.setattr(
        image_transforms, 'jitter', lambda img, *draw: calls.append(draw) or img
    )
    transform = TRANSFORMS.build(dict(type='GreyJitter'))
    np.random.seed(0)
    for _ in range(1500):
        transform(dict(img=film))
    brightness, contrast, first = np.array(calls).T
    assert 0.9 <= brightness.min() < 0.91 and 1.09 < brightness.max() <= 1.1
    assert 0.8 <= contrast.min() < 0.81 and 1.19 < contrast.max() <= 1.2
    assert 0.45 < first.mean() < 0.55


def test_jitter_for_the_device_draws_the_same(film):
    on_cpu, on_device = (
        TRANSFORMS.build(dict(type='GreyJitter', on_device=on)) for on in (False, True)
    )
    for seed in range(20):
        np.random.seed(seed)
        expected = on_cpu(dict(img=film))['img']
        after = np.random.rand()
        np.random.seed(seed)
        results = on_device(dict(img=film))
        assert results['img'] is film and np.random.rand() == after
        brightness, contrast, first = results['jitter'].tolist()
        assert np.array_equal(jitter(film, brightness, contrast, first == 1), expected)


def test_jitter_of_one_is_the_film(film):
    transform = TRANSFORMS.build(dict(type='GreyJitter', brightness=0, contrast=0))
    assert np.array_equal(transform(dict(img=film))['img'], film)


def test_same_seed_same_film(film):
    pipeline = [TRANSFORMS.build(dict(type=t)) for t in ('CLAHE', 'GreyJitter')]

    def run(seed):
        np.random.seed(seed)
        results = dict(img=film)
        for transform in pipeline:
            results = transform(results)
        return results['img']

    assert np.array_equal(run(4), run(4))
    assert not np.array_equal(run(4), run(5))


@pytest.mark.parametrize(
    'transform',
    [
        dict(type='CLAHE', on='colour'),
        dict(type='CLAHE', clip_limit=(4.0, 1.0)),
        dict(type='GreyJitter', brightness=-0.1),
        dict(type='GreyJitter', contrast=1.5),
    ],
)
def test_bad_options(transform):
    with pytest.raises(ValueError, match=r'neither|must be|not within'):
        TRANSFORMS.build(transform)
