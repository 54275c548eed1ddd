"""The image encoder of any model as the backbone of a :class:`FilmClassifier`."""

from collections.abc import Mapping
from fnmatch import fnmatch
from pathlib import Path

import numpy as np
import torch

from mmcxr.apis.inference import OUR_SCOPE
from mmcxr.apis.loaded_model import LoadedModel
from mmcxr.models.algorithms.method import EncoderSpec, Method
from mmcxr.registry import TRANSFORMS


def save_encoder(loaded: LoadedModel, path: Path) -> None:
    """Write the weights of a model's image encoder, for :func:`classifier_config`.

    Raises:
        TypeError: the model has no image encoder that could be fine-tuned.
    """
    spec = _spec_of(loaded)
    encoder = loaded.model.get_submodule(spec.prefix.rstrip('.'))
    weights = {
        name: value.cpu()
        for name, value in encoder.state_dict().items()
        if not any(fnmatch(name, pattern) for pattern in spec.left_out)
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f'.{path.name}.part')
    torch.save(dict(state_dict=weights), part)
    part.replace(path)


def classifier_config(loaded: LoadedModel, checkpoint: Path, head: Mapping) -> dict:
    """Config of a film classifier whose features are those the model is probed by.

    Args:
        loaded: any model of an image encoder.
        checkpoint: from :func:`save_encoder`.
        head: its type, classes and what else it has but the width of the feature.

    Raises:
        TypeError: the model has no image encoder that could be fine-tuned.
    """
    spec = _spec_of(loaded)
    seen = {**loaded.facts['data_preprocessor'], **spec.preprocessing}
    preprocessing = {k: seen[k] for k in ('mean', 'std', 'resize') if k in seen}
    init_cfg = dict(type='mmcxr.Pretrained', checkpoint=str(checkpoint))
    return dict(
        type='mmcxr.FilmClassifier',
        data_preprocessor=dict(type='mmcxr.FilmPreprocessor', **preprocessing),
        backbone=dict(spec.backbone, init_cfg=init_cfg),
        pooling=spec.pooling,
        head=dict(**head, **spec.head, in_channels=feature_width(loaded)),
    )


@torch.no_grad()
def feature_width(loaded: LoadedModel) -> int:
    """Channels of the feature that a model is probed by."""
    return loaded.extract_feat(loaded.preprocess(_blank_film())).shape[1]


def film_size(loaded: LoadedModel) -> int:
    """Side in pixels of a square film that the model's preprocessing has sized."""
    results = dict(img=_blank_film())
    with OUR_SCOPE():
        for step in loaded.film_pipeline:
            results = TRANSFORMS.build(step)(results)
    return max(results['img'].shape)


def _blank_film() -> np.ndarray:
    return np.arange(64 * 64, dtype=np.uint16).reshape(64, 64).astype(np.uint8)


def _spec_of(loaded: LoadedModel) -> EncoderSpec:
    kind = type(loaded.model)
    if not issubclass(kind, Method):
        raise TypeError(
            f'{kind.__name__} has no image encoder that could be fine-tuned'
        )
    return kind.encoder_spec(loaded.config)
