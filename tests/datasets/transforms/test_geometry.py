"""Sizes and crops against torchvision on PIL images."""

import numpy as np
import pytest
import torch
from PIL import Image

from mmcxr.registry import TRANSFORMS
from mmcxr.torchvision_schema import ensure_torchvision

ensure_torchvision()
from torchvision import transforms as T  # noqa: E402
from torchvision.transforms import functional as F  # noqa: E402

SIZES = [(41, 67), (67, 41), (53, 53), (17, 23), (16, 16), (120, 31)]
MODES = {
    'bilinear': T.InterpolationMode.BILINEAR,
    'bicubic': T.InterpolationMode.BICUBIC,
    'lanczos': T.InterpolationMode.LANCZOS,
}


def film_of(shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def run(film, **transform):
    return TRANSFORMS.build(transform)(dict(img=film))


@pytest.mark.parametrize('shape', SIZES)
def test_pad_to_a_square(shape):
    film, side = film_of(shape), max(shape)
    height, width = (side - n for n in shape)
    left, top = width // 2, height // 2
    expected = F.pad(Image.fromarray(film), [left, top, width - left, height - top])
    results = run(film, type='FilmPadSquare')
    assert np.array_equal(results['img'], np.asarray(expected))
    assert results['img_shape'] == (side, side)


@pytest.mark.parametrize('shape', SIZES)
@pytest.mark.parametrize('size', [16, 29])
@pytest.mark.parametrize('mode', MODES)
def test_resize(shape, size, mode):
    film = film_of(shape)
    results = run(film, type='FilmResize', size=size, interpolation=mode)
    expected = T.Resize(size, MODES[mode])(Image.fromarray(film))
    assert np.array_equal(results['img'], np.asarray(expected))
    assert results['img_shape'] == results['img'].shape
    assert min(results['img_shape']) == size


def test_resize_truncates_the_long_side():
    assert run(film_of((10, 19)), type='FilmResize', size=7)['img_shape'] == (7, 13)


@pytest.mark.parametrize('shape', SIZES)
def test_resize_to_a_square(shape):
    film = film_of(shape)
    results = run(film, type='FilmResize', size=21, keep_ratio=False)
    expected = T.Resize((21, 21))(Image.fromarray(film))
    assert np.array_equal(results['img'], np.asarray(expected))


@pytest.mark.parametrize('shape', [*SIZES, (16, 17), (17, 16), (9, 40), (5, 6)])
@pytest.mark.parametrize('size', [16, 17, 31])
def test_center_crop(shape, size):
    film = film_of(shape)
    results = run(film, type='FilmCenterCrop', size=size)
    expected = T.CenterCrop(size)(Image.fromarray(film))
    assert np.array_equal(results['img'], np.asarray(expected))
    assert results['img_shape'] == (size, size)


@pytest.mark.parametrize('shape', [(512, 640), (640, 512), (64, 200), (200, 64)])
@pytest.mark.parametrize('scale', [(0.8, 1.1), (0.08, 1.0), (0.5, 0.6)])
def test_crops_are_drawn_by_torchvisions_rule(monkeypatch, shape, scale):
    """Fed with torch's draws, the crop is torchvision's, fallbacks included."""
    crop = TRANSFORMS.build(dict(type='FilmRandomResizedCrop', size=8, scale=scale))
    monkeypatch.setattr(
        np.random, 'uniform', lambda a, b: torch.empty(1).uniform_(a, b).item()
    )
    monkeypatch.setattr(
        np.random, 'randint', lambda n: torch.randint(0, n, size=(1,)).item()
    )
    film = torch.empty(1, *shape, dtype=torch.uint8)
    for seed in range(150):
        torch.manual_seed(seed)
        expected = T.RandomResizedCrop.get_params(film, scale, (3 / 4, 4 / 3))
        torch.manual_seed(seed)
        assert crop.draw(*shape) == expected


def test_published_scale_crops():
    """Scale up to 1.1: 6-10 % whole films, mean area .87-.89 of the film."""
    crop = TRANSFORMS.build(dict(type='FilmRandomResizedCrop', size=224))
    np.random.seed(0)
    for shape in [(512, 624), (512, 512)]:
        draws = np.array([crop.draw(*shape) for _ in range(4000)])
        area = draws[:, 2] * draws[:, 3] / (shape[0] * shape[1])
        assert 0.04 < (area == 1).mean() < 0.12
        assert 0.85 < area.mean() < 0.90


@pytest.mark.parametrize('shape', [(41, 67), (300, 40), (40, 300)])
@pytest.mark.parametrize('mode', MODES)
def test_crop_is_torchvisions_resized_crop(shape, mode):
    film = film_of(shape)
    transform = TRANSFORMS.build(
        dict(
            type='FilmRandomResizedCrop', size=19, scale=(0.2, 1.0), interpolation=mode
        )
    )
    for seed in range(12):
        np.random.seed(seed)
        box = transform.draw(*shape)
        np.random.seed(seed)
        results = transform(dict(img=film))
        expected = F.resized_crop(Image.fromarray(film), *box, [19, 19], MODES[mode])
        assert np.array_equal(results['img'], np.asarray(expected))
        assert results['img_shape'] == (19, 19)


def test_crops_reach_every_corner_and_repeat_by_seed():
    transform = TRANSFORMS.build(
        dict(type='FilmRandomResizedCrop', size=8, scale=(0.3, 0.5))
    )
    np.random.seed(3)
    boxes = [transform.draw(40, 50) for _ in range(500)]
    np.random.seed(3)
    assert boxes == [transform.draw(40, 50) for _ in range(500)]
    top, left, height, width = np.array(boxes).T
    assert top.min() == left.min() == 0
    assert (top + height).max() == 40 and (left + width).max() == 50


@pytest.mark.parametrize('shape', SIZES)
def test_flip(shape):
    film = film_of(shape)
    results = run(film, type='FilmFlip', prob=1)
    expected = F.hflip(Image.fromarray(film))
    assert np.array_equal(results['img'], np.asarray(expected))
    assert results['flip'] is True and results['flip_direction'] == 'horizontal'
    assert results['img_shape'] == shape
    kept = run(film, type='FilmFlip', prob=0)
    assert kept['img'] is film and kept['flip'] is False


def test_a_stack_of_views_is_not_mirrored_along_a_wrong_axis():
    with pytest.raises(ValueError, match=r'one film .*not \(2, 4, 5\)'):
        run(film_of((2, 4, 5)), type='FilmFlip')


def test_flips_are_as_frequent_as_asked_and_say_so():
    film = np.array([[0, 1]], dtype=np.uint8)
    transform = TRANSFORMS.build(dict(type='FilmFlip', prob=0.3))
    np.random.seed(0)
    found = [transform(dict(img=film)) for _ in range(4000)]
    assert all(bool(r['img'][0, 0]) == r['flip'] for r in found)
    assert 0.27 < np.mean([r['flip'] for r in found]) < 0.33


def test_a_film_mirrored_twice_is_the_film():
    transform = TRANSFORMS.build(dict(type='FilmFlip', prob=1))
    results = transform(transform(dict(img=film_of((4, 5)))))
    assert np.array_equal(results['img'], film_of((4, 5)))
    assert results['flip'] is False and results['flip_direction'] is None


@pytest.mark.parametrize(
    'transform',
    [
        dict(type='FilmResize', size=23),
        dict(type='FilmCenterCrop', size=50),
        dict(type='FilmRandomResizedCrop', size=23),
        dict(type='FilmFlip', prob=1),
    ],
)
def test_maps_move_with_the_film_and_keep_their_values(transform):
    """Half of the film is white; the map of that half must still fit it."""
    film = np.zeros((45, 61), dtype=np.uint8)
    film[:, 30:] = 1
    results = TRANSFORMS.build(transform)(
        dict(img=film * 255, gt_seg_map=film, seg_fields=['gt_seg_map'])
    )
    mask = results['gt_seg_map']
    assert mask.shape == results['img'].shape and mask.dtype == np.uint8
    assert set(np.unique(mask)) == {0, 1}
    assert ((results['img'] > 127) == mask).mean() > 0.95


@pytest.mark.parametrize(
    'transform',
    [
        dict(type='FilmResize', size=8, interpolation='nearest'),
        dict(type='FilmRandomResizedCrop', size=8, interpolation='area'),
        dict(type='FilmRandomResizedCrop', size=8, scale=(1.1, 0.8)),
        dict(type='FilmRandomResizedCrop', size=8, ratio=(0, 1)),
        dict(type='FilmFlip', prob=1.5),
    ],
)
def test_bad_options(transform):
    with pytest.raises(ValueError, match=r'is none of|must be|is not within'):
        TRANSFORMS.build(transform)


def test_results_are_contiguous():
    film = film_of((30, 40))
    for transform in (
        dict(type='FilmCenterCrop', size=20),
        dict(type='FilmRandomResizedCrop', size=20),
        dict(type='FilmFlip', prob=1),
    ):
        assert run(film, **transform)['img'].flags.c_contiguous


# --- the whole film in a square -----------------------------------------------------

FIT_SIZES = [(300, 260), (260, 411), (40, 40), (7, 300), (581, 400), (161, 90)]


@pytest.mark.parametrize('shape', FIT_SIZES)
def test_fit_as_chexzero_does(shape):
    """Its steps on a PIL image: every side truncated, pasted on black."""
    film = film_of(shape)
    results = run(
        film, type='FilmFit', size=320, interpolation='lanczos', truncate_both=True
    )
    ratio = 320.0 / max(shape)
    size = tuple(int(side * ratio) for side in shape[::-1])
    square = Image.new('L', (320, 320))
    small = Image.fromarray(film).resize(size, Image.Resampling.LANCZOS)
    square.paste(small, ((320 - size[0]) // 2, (320 - size[1]) // 2))
    assert np.array_equal(results['img'], np.asarray(square))
    assert results['img_shape'] == (320, 320)


@pytest.mark.parametrize('shape', FIT_SIZES)
def test_fit_as_gloria_does(shape):
    """Its steps with OpenCV: the longer side exactly, the rest before and behind."""
    import cv2

    film = film_of(shape)
    results = run(film, type='FilmFit', size=256, interpolation='area')
    longer = shape.index(max(shape))
    target = [256, 256]
    target[1 - longer] = int(float(shape[1 - longer]) * (256 / float(shape[longer])))
    small = cv2.resize(film, target[::-1], interpolation=cv2.INTER_AREA)
    lack = 256 - target[1 - longer]
    pads = [(0, 0), (0, 0)]
    pads[1 - longer] = (int(np.floor(lack / 2)), int(np.ceil(lack / 2)))
    assert np.array_equal(results['img'], np.pad(small, pads))


def test_rounding_may_lose_a_pixel_of_the_longer_side():
    film = np.full((581, 100), 200, np.uint8)
    steps = dict(type='FilmFit', size=320)
    lost = run(film, **steps, truncate_both=True)['img'].any(axis=1)
    assert lost.sum() == 319
    assert run(film, **steps)['img'].any(axis=1).all()


def test_fit_moves_maps_too():
    mask = np.zeros((10, 20), np.uint8)
    mask[:, :10] = 1
    fit = TRANSFORMS.build(dict(type='FilmFit', size=8))
    results = fit(dict(img=film_of((10, 20)), mask=mask, seg_fields=['mask']))
    expected = np.zeros((8, 8), np.uint8)
    expected[2:6, :4] = 1
    assert np.array_equal(results['mask'], expected)
