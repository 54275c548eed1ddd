"""Read the film and the mask of a sample."""

import numpy as np
from mmcv.transforms import BaseTransform

from mmcxr.registry import TRANSFORMS

from ..boxes import fill_boxes
from ..deferred_film import open_film
from ..film import MaskError, as_film, read_mask


@TRANSFORMS.register_module()
class LoadFilm(BaseTransform):
    """Read ``img_path``, or take the film already given as ``img``, as (H, W) uint8.

    ``img`` may be whatever :func:`mmcxr.datasets.film.as_film` takes, which is how
    a notebook's arrays enter a pipeline written for files.

    Required keys: ``img_path`` or ``img``.
    Added keys: ``img`` (H, W) uint8, ``img_shape``, ``ori_shape``.

    Args:
        deferred: for training on JPEGs. They stay undecoded, as a
            :class:`~mmcxr.datasets.deferred_film.DeferredFilm`, until FilmResize or
            FilmRandomResizedCrop asks for a part. If that has enough pixels at 1/2,
            1/4 or 1/8 of the size, this is decoded, which takes about half the time;
            a result differs by half a grey level on average. Steps between must be
            mmcxr's own. Off, as in evaluation, films are exact.

    Raises:
        UnreadableFilm: from :meth:`transform`, naming the file and the cause; of a
            deferred film, from the step that decodes it.
    """

    def __init__(self, deferred: bool = False):
        self.deferred = deferred

    def transform(self, results: dict) -> dict:
        """Add the film."""
        if self.deferred and 'img' not in results:
            film = open_film(results['img_path'])
        else:
            film = as_film(results['img'] if 'img' in results else results['img_path'])
        results['img'] = film
        results['img_shape'] = results['ori_shape'] = film.shape
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(deferred={self.deferred})'


@TRANSFORMS.register_module()
class LoadFilmMask(BaseTransform):
    """Read the binary mask of a film as (H, W) uint8 of 0 and 1.

    An empty path means that the finding is absent: the mask is all zero. Before the
    film's transforms it takes part in them; after them, as in a test, the mask keeps
    the size of the file, at which predictions are then compared.

    Required keys: ``img``, ``ori_shape`` (else the shape of ``img``) and the path under
    ``key``.
    Added keys: the mask under ``field``, which is appended to ``seg_fields``.

    Args:
        key: where the sample holds the path.
        field: name of the mask; ``gt_seg_map`` is what mmseg's transforms expect.

    Raises:
        MaskError: from :meth:`transform`: unreadable, other values than 0 and 1 (or
            0 and 255), another size than the film's, or no path under ``key``.
    """

    def __init__(self, key: str = 'seg_map_path', field: str = 'gt_seg_map'):
        self.key = key
        self.field = field

    def transform(self, results: dict) -> dict:
        """Add the mask."""
        shape = results['img'].shape
        path = _marked_by(results, self.key)
        if path:
            results[self.field] = read_mask(path, shape)
        else:
            results[self.field] = np.zeros(shape, dtype=np.uint8)
        return _with_field(results, self.field)

    def __repr__(self) -> str:
        return f'{type(self).__name__}(key={self.key!r}, field={self.field!r})'


@TRANSFORMS.register_module()
class LoadBoxMask(BaseTransform):
    """Fill the boxes of a film as its mask, (H, W) uint8 of 0 and 1.

    Takes the place of ``LoadFilmMask``, in the same places of a pipeline, where
    findings are marked by boxes; no mask file is needed. No boxes mean that the finding
    is absent.

    Required keys: ``img``, ``ori_shape`` (else the shape of ``img``) and ``boxes``, a
    list of [x, y, width, height, ...]; see :func:`mmcxr.datasets.boxes.fill_boxes`.
    Added keys: the mask under ``field``, which is appended to ``seg_fields``.

    Args:
        field: name of the mask; ``gt_seg_map`` is what mmseg's transforms expect.

    Raises:
        MaskError: from :meth:`transform`: a box outside the film, or no ``boxes``.
    """

    def __init__(self, field: str = 'gt_seg_map'):
        self.field = field

    def transform(self, results: dict) -> dict:
        """Add the mask."""
        shape = results.get('ori_shape', results['img'].shape)
        name = results.get('img_path', 'the film')
        results[self.field] = fill_boxes(_marked_by(results, 'boxes'), shape, name)
        return _with_field(results, self.field)

    def __repr__(self) -> str:
        return f'{type(self).__name__}(field={self.field!r})'


def _marked_by(results: dict, key: str):
    """What tells where the finding is; its absence must not pass for an empty mask."""
    if key not in results:
        raise MaskError(
            f'{results.get("img_path", "the film")}: the sample has no {key!r}; '
            'LoadFilmMask reads masks from files and LoadBoxMask fills boxes: take the '
            "one that the dataset's samples are for"
        )
    return results[key]


def _with_field(results: dict, field: str) -> dict:
    """The sample with one more map that moves with the film."""
    fields = results.get('seg_fields', [])
    if field not in fields:
        results['seg_fields'] = [*fields, field]
    return results
