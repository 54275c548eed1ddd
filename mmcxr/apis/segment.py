"""Segment films in a notebook."""

from typing import NamedTuple

import numpy as np
import torch

from mmcxr.evaluation.metrics.base import to_array
from mmcxr.evaluation.metrics.segmentation import foreground_probability
from mmcxr.registry import TRANSFORMS

from .inference import OUR_SCOPE, as_list, batches
from .loaded_model import LoadedModel, check_loaded


class Segmentation(NamedTuple):
    """What a model found on one film, at the film's own size.

    Args:
        mask: (H, W) uint8, class of each pixel, 0 background.
        probability: (H, W) float32 of the foreground.
    """

    mask: np.ndarray
    probability: np.ndarray


@torch.no_grad()
def segment(model: LoadedModel, films, foreground: int = 1) -> list[Segmentation]:
    """Masks and probabilities of the foreground.

    Args:
        model: from :func:`load_model` with a segmentation config.
        films: one film or a list: paths (JPEG, PNG, DICOM), PIL images or arrays. They
            may differ in size and are taken one at a time.
        foreground: class whose probability is given.

    Returns:
        One for each film, in the order given.

    Raises:
        UnreadableFilm: naming the film that cannot be read.
        TypeError: the model does not segment, or is a bare module.
    """
    check_loaded(model)
    if not hasattr(model, 'decode_head'):
        raise TypeError(
            f'{type(model.model).__name__} has no decode head: it cannot segment'
        )
    model.eval()
    pack = dict(type='mmseg.PackSegInputs', meta_keys=('ori_shape', 'img_shape'))
    with OUR_SCOPE():
        pipeline = [dict(type='LoadFilm'), *model.film_pipeline, pack]
        steps = [TRANSFORMS.build(step) for step in pipeline]
    found = []
    for (film,) in batches(as_list(films), 1, 'films'):
        results = dict(img=film)
        for step in steps:
            results = step(results)
        batch = {key: [value] for key, value in results.items()}
        (sample,) = model.test_step(batch)
        found.append(
            Segmentation(
                to_array(sample.pred_sem_seg.data[0], np.uint8),
                to_array(foreground_probability(sample.seg_logits.data, foreground)),
            )
        )
    return found
