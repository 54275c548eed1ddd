"""The image encoder of any model as the backbone of a :class:`FilmClassifier`."""

from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path

import numpy as np
import torch
from mmengine.model import BaseModel
from torch import nn

from mmcxr.apis.inference import OUR_SCOPE
from mmcxr.registry import TRANSFORMS

from .features import NamedModel


def save_encoder(model: BaseModel, path: Path) -> None:
    """Write the weights of a model's image encoder, for :func:`classifier_config`."""
    weights = _encoder(model).state_dict()
    if type(model).__name__ == 'MRM':  # probed before its last norm
        weights = {k: v for k, v in weights.items() if not k.startswith('ln1.')}
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f'.{path.name}.part')
    torch.save(dict(state_dict={k: v.cpu() for k, v in weights.items()}), part)
    part.replace(path)


def classifier_config(named: NamedModel, checkpoint: Path, head: Mapping) -> dict:
    """Config of a film classifier whose features are those the model is probed by.

    Args:
        named: any model of an image encoder.
        checkpoint: from :func:`save_encoder`.
        head: its type, classes and what else it has but the width of the feature.

    Raises:
        TypeError: what the encoder of such a model is, is not known.
    """
    config, kind = named.config, named.config['type'].removeprefix('mmcxr.')
    key = 'backbone' if 'backbone' in config else 'image_backbone'
    if key not in config:
        raise TypeError(f'{kind} has no image encoder that could be fine-tuned')
    backbone = deepcopy(dict(config[key]))
    preprocessor = named.facts['data_preprocessor']
    preprocessor = dict(
        type='mmcxr.FilmPreprocessor',
        **{name: preprocessor[name] for name in ('mean', 'std')},
        **{name: preprocessor[name] for name in ('resize',) if name in preprocessor},
    )
    pooling, extra = config.get('pooling', config.get('image_pooling', 'avg')), {}
    if kind == 'MRM':
        arch = {k: backbone[k] for k in ('arch', 'img_size', 'patch_size')
                if k in backbone}  # fmt: skip
        backbone = dict(
            type='mmpretrain.VisionTransformer', **arch, final_norm=False,
            out_type='featmap', drop_path_rate=0.1,
        )  # fmt: skip
        pooling, extra = 'avg', dict(norm=True, init_std=2e-5)  # MAE's and MRM's head
    elif kind == 'GLoRIA':
        backbone['out_indices'] = (3,)
        size = [config.get('encoder_size', 299)] * 2  # which the model sees to itself
        preprocessor['resize'] = dict(size=size, mode='bilinear', align_corners=True)
    elif kind == 'REFERS':
        backbone['out_type'] = 'cls_token'
    backbone['init_cfg'] = dict(type='mmcxr.Pretrained', checkpoint=str(checkpoint))
    return dict(
        type='mmcxr.FilmClassifier',
        data_preprocessor=preprocessor,
        backbone=backbone,
        pooling=pooling,
        head=dict(**head, **extra, in_channels=feature_width(named)),
    )


@torch.no_grad()
def feature_width(named: NamedModel) -> int:
    """Channels of the feature that a model is probed by."""
    model = named.model
    device = next(model.parameters()).device
    film = model.preprocess(_blank_film()).to(device)
    return model.extract_feat(film).shape[1]


def film_size(named: NamedModel) -> int:
    """Side in pixels of a square film that the model's preprocessing has sized."""
    results = dict(img=_blank_film())
    with OUR_SCOPE():
        for step in named.model.film_pipeline:
            results = TRANSFORMS.build(step)(results)
    return max(results['img'].shape)


def _blank_film() -> np.ndarray:
    return np.arange(64 * 64, dtype=np.uint16).reshape(64, 64).astype(np.uint8)


def _encoder(model: BaseModel) -> nn.Module:
    for name in ('backbone', 'image_backbone'):
        if hasattr(model, name):
            return getattr(model, name)
    raise TypeError(f'{type(model).__name__} has no image encoder')
