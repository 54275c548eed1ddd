"""Several crops of one film, of several sizes."""

from collections.abc import Sequence

import numpy as np
from mmcv.transforms import BaseTransform

from mmcxr.datasets.films.deferred_film import decoded
from mmcxr.registry import TRANSFORMS

_NO_JITTER = np.ones(3, np.float32)  # leaves every grey value as it is


@TRANSFORMS.register_module()
class MultiCrop(BaseTransform):
    """Run each group's pipeline ``num_crops`` times on the film, which is read once.

    Each crop has draws of its own. They follow each other, so they are a function of
    (seed, epoch, index) as those of any step. Of a crop its film and its ``jitter`` are
    kept; what else a step changes is dropped.

    Required key: ``img``, as ``LoadFilm`` gives it, deferred or not, of a file or of a
    pack; it is taken out.
    Added keys: ``crops``, a list with a stack (N, H, W) uint8 for each group;
    ``crop_jitter``, likewise (N, 3), if a crop has jitter for the device (a crop
    without one then has a row that changes nothing); ``img_shape``, a list of (H, W).

    ``PackFilm`` and ``PackStudy`` follow one rule: one group becomes
    ``inputs.image`` (N, 1, H, W), as views of a study do, and several become
    ``inputs.crops``, a list with one tensor for each. After the preprocessor a batch of
    them is ``image`` (B, N, 3, H, W) or ``crops``, each (B, N, 3, H, W).

    Args:
        groups: each a dict of ``num_crops``, N, and ``transforms``, which end in one
            size. DINO has 2 crops of 224 pixels and 8 of 96; MoCo one group of 2.

    Raises:
        ValueError: no group, no crop, or a group with other keys; from
            :meth:`transform`: crops of a group differ in size.
    """

    def __init__(self, groups: Sequence[dict]):
        if not groups:
            raise ValueError('MultiCrop needs at least one group')
        self.groups = []
        for number, group in enumerate(groups):
            if set(group) != {'num_crops', 'transforms'} or group['num_crops'] < 1:
                raise ValueError(
                    f'group {number} of MultiCrop is {group}: it has num_crops, at '
                    'least 1, and transforms'
                )
            steps = [TRANSFORMS.build(step) for step in group['transforms']]
            self.groups.append((group['num_crops'], steps))

    def transform(self, results: dict) -> dict:
        """Add the crops."""
        groups = [
            [_crop(results, steps) for _ in range(num_crops)]
            for num_crops, steps in self.groups
        ]
        stacks = [
            _stacked(crops, number, results) for number, crops in enumerate(groups)
        ]
        del results['img']
        results.pop('jitter', None)  # of the film; its crops have it
        results['crops'] = stacks
        results['img_shape'] = [stack.shape[1:] for stack in stacks]
        if any('jitter' in crop for crops in groups for crop in crops):
            results['crop_jitter'] = [
                np.stack([crop.get('jitter', _NO_JITTER) for crop in crops])
                for crops in groups
            ]
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}({self.groups})'


def _crop(results: dict, steps: list) -> dict:
    crop = dict(results, img=results['img'].copy())  # a deferred film never changes
    for step in steps:
        crop = step(crop)
    return crop


def _stacked(crops: list[dict], number: int, results: dict) -> np.ndarray:
    """(N, H, W) of the crops of one group."""
    films = [decoded(crop['img']) for crop in crops]
    shapes = [film.shape for film in films]
    if len(set(shapes)) > 1:
        raise ValueError(
            f'crops of group {number} of {results.get("image")!r} end in sizes '
            f'{shapes}; close its transforms with a crop or resize to one size'
        )
    return np.stack(films)
