"""Read the film and the mask of a sample."""

import numpy as np
from mmcv.transforms import BaseTransform

from mmcxr.datasets.films.boxes import fill_boxes
from mmcxr.datasets.films.deferred_film import DeferredFilm, decoded, open_film
from mmcxr.datasets.films.film import MaskError, as_film, read_mask
from mmcxr.registry import TRANSFORMS

from ..packs.pack import open_pack


@TRANSFORMS.register_module()
class LoadFilm(BaseTransform):
    """Read ``img_path``, or take the film already given as ``img``, as (H, W) uint8.

    ``img`` may be whatever :func:`as_film` takes, which is how
    a notebook's arrays enter a pipeline written for files.

    Required keys: ``img_path`` or ``img``.
    Added keys: ``img`` (H, W) uint8, ``img_shape``, ``ori_shape``.

    Args:
        deferred: for training on JPEGs. They stay undecoded, as a
            :class:`DeferredFilm`, until FilmResize or
            FilmRandomResizedCrop asks for a part. If that has enough pixels at 1/2,
            1/4 or 1/8 of the size, this is decoded, which takes about half the time;
            a result differs by half a grey level on average. Steps between must be
            mmcxr's own. Off, as in evaluation, films are exact.
        pack: take films from a pack (``tools/misc/pack_dataset.py``): its name in the
            folder ``packs`` of the dataset, or its path. Deferred, a packed film
            stands for its file: crops are drawn, and masks and boxes counted, in
            pixels of the file, and only the film is held smaller. Else ``img`` is the
            film at the size of the pack. ``ori_shape`` is that of the file either way.

    Raises:
        UnreadableFilm: from :meth:`transform`, naming the file and the cause; of a
            deferred film, from the step that decodes it.
        PackError: from :meth:`transform`: the pack is missing, stale, damaged or of
            other films.
    """

    def __init__(self, deferred: bool = False, pack: str | None = None):
        self.deferred = deferred
        self.pack = pack

    def transform(self, results: dict) -> dict:
        """Add the film."""
        if 'img' in results:
            film = as_film(results['img'])
        elif self.pack is not None:
            film = open_pack(self.pack, data_root(results)).film(results['image'])
        elif self.deferred:
            film = open_film(results['img_path'])
        else:
            film = as_film(results['img_path'])
        results['ori_shape'] = film.shape
        if not self.deferred:
            film = np.require(decoded(film), requirements='W')  # a pack is read-only
        results['img'] = film
        results['img_shape'] = film.shape
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(deferred={self.deferred}, pack={self.pack!r})'


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
        pack: take masks from a pack, that of ``LoadFilm`` before it, at the size of
            the pack: for training, where they take part in the film's transforms.

    Raises:
        MaskError: from :meth:`transform`: unreadable, other values than 0 and 1 (or
            0 and 255), another size than the film's file, or no path under ``key``.
        PackError: as of ``LoadFilm``.
    """

    def __init__(
        self,
        key: str = 'seg_map_path',
        field: str = 'gt_seg_map',
        pack: str | None = None,
    ):
        self.key = key
        self.field = field
        self.pack = pack

    def transform(self, results: dict) -> dict:
        """Add the mask."""
        path = _marked_by(results, self.key)
        if self.pack is not None:
            mask = self._packed(results, path)
        else:
            shape = results.get('ori_shape', results['img'].shape)
            mask = read_mask(path, shape) if path else np.zeros(shape, np.uint8)
        results[self.field] = mask
        return _with_field(results, self.field)

    def _packed(self, results: dict, path: str) -> np.ndarray:
        film = results['img']
        shape = film.stored if isinstance(film, DeferredFilm) else film.shape
        if not path:
            return np.zeros(shape, np.uint8)
        root = data_root(results)
        mask = path.removeprefix(f'{root}/masks/')
        mask = open_pack(self.pack, root).mask(results['image'], mask)
        if mask.shape != shape:
            raise MaskError(
                f'{path}: the packed mask is {mask.shape} and the film {shape}; take '
                'both from one pack, before the transforms of the film'
            )
        return mask

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(key={self.key!r}, field={self.field!r}, '
            f'pack={self.pack!r})'
        )


@TRANSFORMS.register_module()
class LoadBoxMask(BaseTransform):
    """Fill the boxes of a film as its mask, (H, W) uint8 of 0 and 1.

    Takes the place of ``LoadFilmMask``, in the same places of a pipeline, where
    findings are marked by boxes; no mask file is needed. No boxes mean that the finding
    is absent.

    Required keys: ``img``, ``ori_shape`` (else the shape of ``img``) and ``boxes``, a
    list of [x, y, width, height, ...]; see :func:`fill_boxes`.
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


def data_root(results: dict) -> str:
    """Folder of the dataset that a sample is of."""
    path, image = results['img_path'], results.get('image')
    root = path.removesuffix(f'/images/{image}')
    if root == path:
        raise ValueError(
            f'{path}: not the file of image {image!r} of a dataset, of which a pack '
            'could be'
        )
    return root


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
