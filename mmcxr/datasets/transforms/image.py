"""Grey values of a film: local contrast, brightness and contrast.

Written on one channel, equal to what the published pipelines compute on three
equal ones.
"""

from functools import cache

import cv2
import numpy as np
from mmcv.transforms import BaseTransform

from mmcxr.datasets.films.deferred_film import decoded
from mmcxr.registry import TRANSFORMS

_VALUES = np.arange(256, dtype=np.float32)


@TRANSFORMS.register_module()
class CLAHE(BaseTransform):
    """Contrast-limited adaptive histogram equalisation, with probability ``prob``.

    Args:
        clip_limit: bounds of the uniformly drawn clip limit. CXR-CLIP (1, 4).
        tile_grid: number of tiles along each side.
        prob: share of the films that are equalised.
        on: what is equalised. ``lightness`` is what CXR-CLIP trained with: CIELAB L
            of the film as RGB, and back. ``intensity`` is the grey value itself.
    """

    def __init__(
        self,
        clip_limit: tuple[float, float] = (1.0, 4.0),
        tile_grid: int = 8,
        prob: float = 0.5,
        on: str = 'lightness',
    ):
        if on not in ('lightness', 'intensity'):
            raise ValueError(f"on={on!r} is neither 'lightness' nor 'intensity'")
        if not 0 < clip_limit[0] <= clip_limit[1]:
            raise ValueError(f'clip_limit {clip_limit} must be (low, high) above 0')
        self.clip_limit = tuple(clip_limit)
        self.tile_grid = tile_grid
        self.prob = prob
        self.on = on

    def transform(self, results: dict) -> dict:
        """Equalise ``img`` or leave it."""
        if np.random.rand() < self.prob:
            limit = np.random.uniform(*self.clip_limit)
            results['img'] = self.equalise(decoded(results['img']), limit)
        return results

    def equalise(self, film: np.ndarray, clip_limit: float) -> np.ndarray:
        """Equalise one film, (H, W) uint8 -> (H, W) uint8."""
        clahe = cv2.createCLAHE(clip_limit, (self.tile_grid, self.tile_grid))
        if self.on == 'intensity':
            return clahe.apply(film)
        to_lightness, to_grey = _lightness_tables()
        return cv2.LUT(clahe.apply(cv2.LUT(film, to_lightness)), to_grey)

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(clip_limit={self.clip_limit}, '
            f'tile_grid={self.tile_grid}, prob={self.prob}, on={self.on!r})'
        )


@TRANSFORMS.register_module()
class GreyJitter(BaseTransform):
    """Scale brightness and contrast by random factors, in random order.

    Torchvision's ``ColorJitter`` on a PIL image, to the last bit. Its saturation and
    hue leave a grey image unchanged, so CXR-CLIP's values for them have no place.

    Added key, if ``on_device``: ``jitter`` (3,) float32, brightness, contrast and
    whether brightness comes first (1) or second (0).

    Args:
        brightness: the factor is drawn from 1 - brightness .. 1 + brightness.
        contrast: likewise; contrast moves values towards or from the film's mean.
        on_device: leave the work to ``FilmPreprocessor``, to which ``PackFilm`` and
            ``PackStudy`` carry the draws: the same ones, for the same grey values.
            Then this is the last of the steps that look at them.
    """

    def __init__(
        self, brightness: float = 0.1, contrast: float = 0.2, on_device: bool = False
    ):
        for name, value in (('brightness', brightness), ('contrast', contrast)):
            if not 0 <= value <= 1:
                raise ValueError(f'{name} {value} is not within 0..1')
        self.brightness = brightness
        self.contrast = contrast
        self.on_device = on_device

    def transform(self, results: dict) -> dict:
        """Jitter ``img``, or say how."""
        brightness_first = np.random.rand() < 0.5
        brightness = np.random.uniform(1 - self.brightness, 1 + self.brightness)
        contrast = np.random.uniform(1 - self.contrast, 1 + self.contrast)
        if self.on_device:
            draws = (brightness, contrast, brightness_first)
            results['jitter'] = np.array(draws, np.float32)
        else:
            film = decoded(results['img'])
            results['img'] = jitter(film, brightness, contrast, brightness_first)
        return results

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(brightness={self.brightness}, '
            f'contrast={self.contrast}, on_device={self.on_device})'
        )


def jitter(
    film: np.ndarray, brightness: float, contrast: float, brightness_first: bool = True
) -> np.ndarray:
    """Scale brightness and contrast of a film with PIL's arithmetic.

    Args:
        film: (H, W) uint8.
        brightness: factor of every value.
        contrast: factor of the distance to the mean, rounded to a whole value.
        brightness_first: which of the two sees the other's result.

    Returns:
        (H, W) uint8.
    """
    for is_brightness in (brightness_first, not brightness_first):
        if is_brightness:
            film = cv2.LUT(film, _blended(0, brightness))
        else:
            mean = cv2.sumElems(film)[0] / film.size
            film = cv2.LUT(film, _blended(int(mean + 0.5), contrast))
    return film


def _blended(centre: int, factor: float) -> np.ndarray:
    """What each value becomes that moves towards (factor < 1) or away from ``centre``.

    In PIL's arithmetic: single precision, what lies outside 0..255 put at its ends,
    and then the fraction dropped.

    Returns:
        (256,) uint8.
    """
    moved = np.float32(centre) + np.float32(factor) * (_VALUES - np.float32(centre))
    return moved.clip(0, 255).astype(np.uint8)


@cache
def _lightness_tables() -> tuple[np.ndarray, np.ndarray]:
    """8-bit grey -> CIELAB L and L -> grey, each (256,) uint8, as OpenCV rounds.

    A grey has neutral chroma (128), so one channel carries all. On the way back
    the channels may differ by one level; their luma is taken.
    """
    values = np.arange(256, dtype=np.uint8)[None]
    lab = cv2.cvtColor(np.dstack([values] * 3), cv2.COLOR_RGB2LAB)
    neutral = np.full_like(values, 128)
    rgb = cv2.cvtColor(np.dstack([values, neutral, neutral]), cv2.COLOR_LAB2RGB)
    return lab[0, :, 0].copy(), cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)[0]
