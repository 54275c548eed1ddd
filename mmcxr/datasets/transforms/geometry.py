"""Size, crop and mirror of a film, equal to torchvision's transforms on PIL images.

All resample with PIL, whose bilinear, bicubic and Lanczos filters widen with the
reduction (antialias), as the published models were trained and tested; ``FilmFit``
knows OpenCV's mean over areas besides. Every map in
``seg_fields`` moves with the film and keeps its values (nearest neighbour).
"""

import math
from collections.abc import Callable

import cv2
import numpy as np
from mmcv.transforms import BaseTransform

from mmcxr.datasets.films.deferred_film import DeferredFilm, decoded
from mmcxr.datasets.films.resampling import NEAREST, filter_of, resized, resized_box
from mmcxr.registry import TRANSFORMS


class _FilmGeometry(BaseTransform):
    """Moves pixels of the film and of its maps alike."""

    def _apply(self, results: dict, move: Callable) -> dict:
        """Apply ``move(array)`` to the film and to every map."""
        results['img'] = move(decoded(results['img']))
        results['img_shape'] = results['img'].shape[:2]
        for field in results.get('seg_fields', []):
            results[field] = move(results[field])
        return results

    def _resize_box(
        self,
        results: dict,
        box: tuple[int, int, int, int],
        shape: tuple[int, int],
        resample: int,
    ) -> dict:
        """Make ``box`` of the film and of every map an image of ``shape``.

        A map may be held at another size than the film: both are seen as the whole.
        """
        film = results['img']
        whole = film.shape[:2]
        if isinstance(film, DeferredFilm):
            results['img'] = film.region(box, shape, resample)
        else:
            results['img'] = resized_box(film, whole, box, shape, resample)
        results['img_shape'] = shape
        for field in results.get('seg_fields', []):
            results[field] = resized_box(results[field], whole, box, shape, NEAREST)
        return results


@TRANSFORMS.register_module()
class FilmResize(_FilmGeometry):
    """Resize the shorter side to ``size`` pixels, the longer one in proportion.

    The longer side is truncated to whole pixels, as torchvision's ``Resize(size)``.

    Args:
        size: shorter side in pixels; both sides if ``keep_ratio`` is off.
        keep_ratio: keep the aspect of the film; off, it becomes a square.
        interpolation: ``bilinear``, ``bicubic`` or ``lanczos``, all antialiased.
    """

    def __init__(
        self, size: int, keep_ratio: bool = True, interpolation: str = 'bilinear'
    ):
        self.size = size
        self.keep_ratio = keep_ratio
        self.interpolation = interpolation
        self.resample = filter_of(interpolation)

    def transform(self, results: dict) -> dict:
        """Resize the film and its maps."""
        height, width = results['img'].shape[:2]
        short, long = sorted((height, width))
        longer = int(self.size * long / short) if self.keep_ratio else self.size
        shape = (longer, self.size) if height > width else (self.size, longer)
        box = (0, 0, height, width)
        return self._resize_box(results, box, shape, self.resample)

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(size={self.size}, keep_ratio={self.keep_ratio}, '
            f'interpolation={self.interpolation!r})'
        )


@TRANSFORMS.register_module()
class FilmFit(_FilmGeometry):
    """Fit the whole film into a square: longer side to ``size``, the rest black.

    The shorter side is truncated to whole pixels and the film centred; of an odd
    surplus the larger part lies right or below.

    Args:
        size: side of the square in pixels. GLoRIA 256, CheXzero 320.
        interpolation: ``bilinear``, ``bicubic`` or ``lanczos``, all antialiased
            (CheXzero: ``lanczos``), or ``area``, OpenCV's INTER_AREA (GLoRIA).
        truncate_both: compute the longer side as the shorter one, as CheXzero's code
            does: rounding then makes 319 pixels of 581, and one row stays black.
    """

    def __init__(
        self,
        size: int,
        interpolation: str = 'bilinear',
        truncate_both: bool = False,
    ):
        self.size = size
        self.interpolation = interpolation
        self.truncate_both = truncate_both
        self.resample = None if interpolation == 'area' else filter_of(interpolation)

    def transform(self, results: dict) -> dict:
        """Fit the film and its maps."""
        height, width = results['img'].shape[:2]
        ratio = float(self.size) / max(height, width)
        shape = [int(side * ratio) for side in (height, width)]
        if not self.truncate_both:
            shape[width > height] = self.size
        shape = [max(side, 1) for side in shape]
        film = self._resized(decoded(results['img']), shape)
        results['img'] = _on_black(film, self.size)
        results['img_shape'] = results['img'].shape
        for field in results.get('seg_fields', []):
            fitted = resized(results[field], tuple(shape), NEAREST)
            results[field] = _on_black(fitted, self.size)
        return results

    def _resized(self, film: np.ndarray, shape: list[int]) -> np.ndarray:
        if self.resample is None:
            return cv2.resize(film, shape[::-1], interpolation=cv2.INTER_AREA)
        return resized(film, tuple(shape), self.resample)

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(size={self.size}, '
            f'interpolation={self.interpolation!r}, '
            f'truncate_both={self.truncate_both})'
        )


@TRANSFORMS.register_module()
class FilmCenterCrop(_FilmGeometry):
    """Cut the central square of ``size`` pixels, padding with 0 what is smaller."""

    def __init__(self, size: int):
        self.size = size

    def transform(self, results: dict) -> dict:
        """Crop the film and its maps."""
        return self._apply(results, lambda a: _centred(a, self.size))

    def __repr__(self) -> str:
        return f'{type(self).__name__}(size={self.size})'


@TRANSFORMS.register_module()
class FilmPadSquare(_FilmGeometry):
    """Pad the shorter side with 0 to the length of the longer, the film in the middle.

    An odd surplus pads right and below. It is what ConVIRT does before resizing.
    """

    def transform(self, results: dict) -> dict:
        """Pad the film and its maps."""
        return self._apply(results, lambda a: _centred(a, max(a.shape)))

    def __repr__(self) -> str:
        return f'{type(self).__name__}()'


@TRANSFORMS.register_module()
class FilmRandomResizedCrop(_FilmGeometry):
    """Cut a random rectangle and resize it to a square.

    The rule is torchvision's: ten tries of an area drawn from ``scale`` and a log
    aspect drawn from ``ratio``; if none fits, the largest central crop within
    ``ratio``. With the published upper scale of 1.1 that fallback is the whole film
    in 6 to 10 % of the draws.

    Args:
        size: side of the result in pixels.
        scale: bounds of the crop's share of the film's area. CXR-CLIP (0.8, 1.1).
        ratio: bounds of width / height of the crop.
        interpolation: ``bilinear``, ``bicubic`` or ``lanczos``, all antialiased.
    """

    TRIES = 10

    def __init__(
        self,
        size: int,
        scale: tuple[float, float] = (0.8, 1.1),
        ratio: tuple[float, float] = (3 / 4, 4 / 3),
        interpolation: str = 'bilinear',
    ):
        if not 0 < scale[0] <= scale[1] or not 0 < ratio[0] <= ratio[1]:
            raise ValueError(
                f'scale {scale} and ratio {ratio} must be (low, high) above 0'
            )
        self.size = size
        self.scale = tuple(scale)
        self.ratio = tuple(ratio)
        self.interpolation = interpolation
        self.resample = filter_of(interpolation)

    def draw(self, height: int, width: int) -> tuple[int, int, int, int]:
        """Draw (top, left, height, width) of a crop."""
        low, high = math.log(self.ratio[0]), math.log(self.ratio[1])
        for _ in range(self.TRIES):
            area = height * width * np.random.uniform(*self.scale)
            aspect = math.exp(np.random.uniform(low, high))
            crop_width = round(math.sqrt(area * aspect))
            crop_height = round(math.sqrt(area / aspect))
            if 0 < crop_width <= width and 0 < crop_height <= height:
                top = np.random.randint(height - crop_height + 1)
                left = np.random.randint(width - crop_width + 1)
                return int(top), int(left), crop_height, crop_width
        return self._fallback(height, width)

    def _fallback(self, height: int, width: int) -> tuple[int, int, int, int]:
        """Largest central crop within the bounds of ``ratio``."""
        crop_height, crop_width = height, width
        if width / height < self.ratio[0]:
            crop_height = round(width / self.ratio[0])
        elif width / height > self.ratio[1]:
            crop_width = round(height * self.ratio[1])
        top, left = (height - crop_height) // 2, (width - crop_width) // 2
        return top, left, crop_height, crop_width

    def transform(self, results: dict) -> dict:
        """Crop and resize the film and its maps, all by one draw."""
        box = self.draw(*results['img'].shape[:2])
        shape = (self.size, self.size)
        return self._resize_box(results, box, shape, self.resample)

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(size={self.size}, scale={self.scale}, '
            f'ratio={self.ratio}, interpolation={self.interpolation!r})'
        )


@TRANSFORMS.register_module()
class FilmFlip(_FilmGeometry):
    """Mirror the film left to right, with probability ``prob``.

    A report still names the sides of the film as it was; ``MirrorText`` after this
    makes the two agree again.

    Added keys: ``flip``, whether the film is mirrored, and ``flip_direction``,
    'horizontal' then or else None, as mmcv and mmseg name them.

    Args:
        prob: share of the films that are mirrored. MRM 0.5.
    """

    def __init__(self, prob: float = 0.5):
        if not 0 <= prob <= 1:
            raise ValueError(f'prob {prob} is not within 0..1')
        self.prob = prob

    def transform(self, results: dict) -> dict:
        """Mirror the film and its maps, or leave them."""
        if results['img'].ndim != 2:
            raise ValueError(
                f'FilmFlip mirrors one film (H, W), not {results["img"].shape}; put it '
                'among the transforms of MultiView to mirror each view by itself'
            )
        flip = bool(np.random.rand() < self.prob)
        results['flip'] = results.get('flip', False) != flip
        results['flip_direction'] = 'horizontal' if results['flip'] else None
        if not flip:
            return results
        return self._apply(results, lambda a: np.ascontiguousarray(a[:, ::-1]))

    def __repr__(self) -> str:
        return f'{type(self).__name__}(prob={self.prob})'


def _on_black(array: np.ndarray, size: int) -> np.ndarray:
    """An array of at most (size, size) in the middle of a square of zeros."""
    before = [(size - side) // 2 for side in array.shape]
    lack = [(n, size - side - n) for n, side in zip(before, array.shape, strict=True)]
    return np.pad(array, lack)


def _centred(array: np.ndarray, size: int) -> np.ndarray:
    """Central (size, size), padded with 0 where the array is smaller.

    An odd surplus pads right and below, and a half-pixel offset of the crop rounds
    to even: both are torchvision's.
    """
    lack = [max(size - side, 0) for side in array.shape]
    if any(lack):
        array = np.pad(array, [(n // 2, n - n // 2) for n in lack])
    top, left = (round((side - size) / 2) for side in array.shape)
    return np.ascontiguousarray(array[top : top + size, left : left + size])
