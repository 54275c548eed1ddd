"""Choose the films of a study and stack them."""

import numpy as np
from mmcv.transforms import BaseTransform

from mmcxr.registry import TRANSFORMS

_RULES = ('distinct', 'released', 'released_val', 'first')


@TRANSFORMS.register_module()
class MultiView(BaseTransform):
    """Choose ``num_views`` films of a study and run the film pipeline on each.

    Rules of choice, where a view is a position (PA, AP, LATERAL, unknown):

    - ``distinct``: different views as far as the study has them, one random image
      of each; then other images of those views; then the same images again, which
      the pipeline augments anew. This is what CXR-CLIP says.
    - ``released``: what CXR-CLIP's code does, for two views. From three views on,
      one view is drawn and its first two images taken (the first one twice if it
      has one), so that two positions never meet; of two views, any two images; of
      one view, two images, or one twice. Without any view, the first two images.
    - ``released_val``: that code in validation: from three views on it still draws,
      else it takes the first two images.
    - ``first``: as ``distinct`` but in the study's order, with no draw: validation.

    Required keys: ``views``, a list of dict(img_path, image, view).
    Added keys: ``img`` (V, H, W) uint8, ``img_shape`` (H, W), and lists of length V
    for the films used: ``image``, ``img_path``, ``view``, ``ori_shape``; ``jitter``
    (V, 3) if the film pipeline draws it.

    Args:
        transforms: the film pipeline. Its first step reads ``img_path`` into ``img``
            (``LoadFilm``) and runs once for each distinct file; the others run for
            each view, and must end in one common size.
        num_views: V; the paper has 2.
        select: ``distinct``, ``released``, ``released_val`` or ``first``.

    Raises:
        ValueError: from :meth:`transform`: no views, or films of unequal size.
    """

    def __init__(
        self, transforms: list[dict], num_views: int = 2, select: str = 'distinct'
    ):
        if select not in _RULES:
            raise ValueError(f'select {select!r} is none of {", ".join(_RULES)}')
        if select.startswith('released') and num_views != 2:
            raise ValueError(f'select={select!r} is a rule for two views')
        if not transforms or num_views < 1:
            raise ValueError('MultiView needs a film pipeline and at least one view')
        self.load, *self.transforms = (TRANSFORMS.build(t) for t in transforms)
        self.num_views = num_views
        self.select = select

    def transform(self, results: dict) -> dict:
        """Add the stacked films."""
        if not results['views']:
            raise ValueError(f'study {results.get("study_id")!r} has no images')
        chosen = choose_views(results['views'], self.num_views, self.select)
        loaded, films = {}, []
        for view in chosen:
            path = view['img_path']
            if path not in loaded:
                loaded[path] = self.load(dict(view))
            film = dict(loaded[path], img=loaded[path]['img'].copy())
            for transform in self.transforms:
                film = transform(film)
            films.append(film)
        shapes = [film['img'].shape for film in films]
        if len(set(shapes)) > 1:
            raise ValueError(
                f'the films of one study end in sizes {shapes}; '
                'close the film pipeline with a crop or resize to one size'
            )
        results['img'] = np.stack([film['img'] for film in films])  # (V, H, W)
        results['img_shape'] = shapes[0]
        for key in ('image', 'img_path', 'view', 'ori_shape'):
            results[key] = [film[key] for film in films]
        if 'jitter' in films[0]:
            results['jitter'] = np.stack([film['jitter'] for film in films])  # (V, 3)
        return results

    def __repr__(self) -> str:
        steps = [self.load, *self.transforms]
        return (
            f'{type(self).__name__}({steps}, num_views={self.num_views}, '
            f'select={self.select!r})'
        )


def choose_views(views: list[dict], num_views: int, select: str) -> list[dict]:
    """Choose ``num_views`` of a study's images; the rules are :class:`MultiView`'s.

    Args:
        views: at least one dict with the key ``view``.
        num_views: length of the result; images may occur in it more than once.
        select: ``distinct``, ``released``, ``released_val`` or ``first``.
    """
    groups = {}
    for view in views:
        groups.setdefault(view['view'], []).append(view)
    if select.startswith('released'):
        return _released(views, list(groups.values()), select == 'released')
    order = (lambda items: items) if select == 'first' else _shuffled
    groups = [order(group) for group in order(list(groups.values()))]
    leaders = [group[0] for group in groups]
    others = order([view for group in groups for view in group[1:]])
    queue = leaders + others
    return [queue[i % len(queue)] for i in range(num_views)]


def _released(
    views: list[dict], groups: list[list[dict]], training: bool
) -> list[dict]:
    """Two images, as CXR-CLIP's data set chooses them."""
    if len(groups) >= 3:
        pair = groups[np.random.randint(len(groups))][:2]
    elif not training or (views[0]['view'] == '' and len(groups) == 1):
        pair = views[:2]
    else:
        pair = _shuffled(views)[:2]
    return [pair[0], pair[-1]]


def _shuffled(items: list) -> list:
    return [items[i] for i in np.random.permutation(len(items))]
