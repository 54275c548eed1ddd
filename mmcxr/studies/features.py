"""Compute features of a dataset once, for probes that run on a CPU.

``N`` films, ``D`` features, ``C`` classes.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config
from mmengine.model import BaseModel
from torch.utils.data import DataLoader

from mmcxr.apis.inference import OUR_SCOPE, FilmPreparation, fitting_batch
from mmcxr.apis.model import check_device, load_model
from mmcxr.apis.published import PUBLISHED, load_published
from mmcxr.datasets.collate import collate_studies
from mmcxr.engine.checkpoint_file import file_digest
from mmcxr.engine.config_check import did_you_mean
from mmcxr.engine.config_file import load_config
from mmcxr.engine.config_types import nearest_type, resolve
from mmcxr.engine.encoder import find_encoder, use_encoder
from mmcxr.registry import DATASETS, MODELS

from .feature_cache import (
    FeatureError,
    films_digest,
    is_whole,
    model_digest,
    save_features,
    save_labels,
    settings_digest,
)

# What may change the values of pixels or features without a word in a config.
_VERSIONED = ('torch', 'pillow', 'numpy', 'opencv-python')


@dataclass(frozen=True)
class NamedModel:
    """A model with what tells it from others.

    Args:
        model: in eval mode, with ``film_pipeline``.
        config: of the model.
        facts: ``name``, ``algorithm``, ``checkpoint`` (its file name),
            ``checkpoint_sha256``.
    """

    model: BaseModel
    config: Mapping
    facts: Mapping


def open_model(
    config: str | Path, checkpoint: str | Path, device: str = 'cpu'
) -> NamedModel:
    """A model of ours; see :func:`mmcxr.apis.load_model`."""
    cfg = load_config(config)
    model = load_model(cfg, checkpoint, device)
    return NamedModel(model, cfg.model, _facts(Path(config).stem, model, checkpoint))


def open_encoder(text: str, device: str = 'cpu') -> NamedModel:
    """An encoder by name, ``NAME`` or ``NAME=FILE``; see :mod:`mmcxr.engine.encoder`.

    Raises:
        ValueError: nothing is called so, or how films are sized is not known.
    """
    check_device(device)
    encoder = find_encoder(text)
    if encoder.film_pipeline is None:
        raise ValueError(
            f'encoder {encoder.name}: its config has no film_pipeline, which says how '
            'films are sized'
        )
    cfg = Config(dict(encoder=text, model=dict(type='FilmEncoder')))
    use_encoder(cfg)
    with OUR_SCOPE():
        model = MODELS.build(cfg.model)
        model.init_weights()
    model.film_pipeline = encoder.film_pipeline
    model.keeps_shape = encoder.config.get('published', {}).get('keeps_shape', False)
    model.preprocess = FilmPreparation(model)
    model = model.to(device)
    model.eval()
    facts = _facts(Path(encoder.name).stem, model, encoder.file)
    return NamedModel(model, cfg.model, facts)


def open_published(
    system: str, checkpoint: str | Path, device: str = 'cpu'
) -> NamedModel:
    """A published model; see :func:`mmcxr.apis.load_published`."""
    check_device(device)
    model = load_published(system, checkpoint)
    config = PUBLISHED[system].model_config(model.published)
    return NamedModel(model.to(device), config, _facts(system, model, checkpoint))


def extract_features(
    named: NamedModel,
    dataset: Mapping,
    out: str | Path,
    batch_size: int = 64,
    num_workers: int = 0,
    amp: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Features of the films of a dataset, from the cache or computed.

    What a film gets follows from it and the model alone: batches have one size, the
    last is filled up, and nothing in the model looks at two films.

    Args:
        named: from :func:`open_model` or :func:`open_published`.
        dataset: config of a dataset of single films, without its pipeline: films are
            read exactly and sized as the model's evaluation does, unless it has one.
        out: folder of the cache.
        batch_size: films of a forward pass.
        num_workers: processes that read films.
        amp: compute in bfloat16.
        progress: called with the films done and all films.

    Returns:
        Folder for :func:`mmcxr.studies.feature_cache.load_features`.

    Raises:
        TableError: the dataset cannot be used.
        UnreadableFilm: a film cannot be read.
        FeatureError: the dataset gives no single films, or one is not there.
    """
    model = named.model
    if resolve(dataset['type'], 'DATASETS') is None:
        guess = nearest_type(dataset['type'], 'DATASETS')
        raise FeatureError(
            f"no dataset is called '{dataset['type']}'{did_you_mean(guess)}"
        )
    steps = dataset.get('pipeline') or [
        dict(type='mmcxr.LoadFilm'),
        *model.film_pipeline,
        dict(type='mmcxr.PackFilm'),
    ]
    dataset = dict(dataset, pipeline=steps, test_mode=True)
    with OUR_SCOPE():
        films = DATASETS.build(dataset)
    infos = [films.get_data_info(index) for index in range(len(films))]
    if not infos or 'img_path' not in infos[0]:
        raise FeatureError(f'{dataset["type"]} gives no single films with labels')
    key = dict(
        model=model_digest(model, named.config),
        films=films_digest(infos),
        preprocessing=settings_digest(
            dict(
                pipeline=steps,
                preprocessor=preprocessor_facts(model),
                amp=amp,
                versions={name: version(name) for name in _VERSIONED},
            )
        ),
    )
    name = '_'.join((films.metainfo['dataset'], str(dataset.get('split') or 'all')))
    folder = Path(out) / f'{name}-{settings_digest(key)[:12]}'
    if not is_whole(folder):
        batch_size = fitting_batch(model, batch_size)
        features = _compute(model, films, batch_size, num_workers, amp, progress)
        save_features(folder, features, dict(key=key))
    save_labels(
        folder,
        np.stack([info['gt_label'] for info in infos]),
        [info['image'] for info in infos],
        [info['patient_id'] for info in infos],
        dict(
            classes=list(films.metainfo['classes']),
            dataset=dataset,
            metainfo=films.metainfo,
            model=named.facts,
        ),
    )
    return folder


@torch.no_grad()
def _compute(
    model: BaseModel,
    films,
    batch_size: int,
    num_workers: int,
    amp: bool,
    progress: Callable[[int, int], None] | None,
) -> np.ndarray:
    """(N, D) float32."""
    model.eval()
    device = next(model.parameters()).device.type
    loader = DataLoader(
        films,
        batch_size,
        num_workers=num_workers,
        collate_fn=collate_studies,
        pin_memory=device == 'cuda',
    )
    found = []
    for batch in loader:
        image = batch['inputs']['image']
        number = len(image)
        if number < batch_size:  # other sizes are summed in another order
            filler = image[:1].expand(batch_size - number, *image.shape[1:])
            image = torch.cat([image, filler])
        inputs = model.data_preprocessor(dict(inputs=dict(image=image)))['inputs']
        with torch.autocast(device, torch.bfloat16, enabled=amp):
            features = model.extract_feat(inputs['image'])
        found.append(features[:number].float().cpu().numpy())
        if progress:
            progress(sum(map(len, found)), len(films))
    return np.concatenate(found)


def preprocessor_facts(model: BaseModel) -> dict:
    """Name and constants of the step between bytes and numbers."""
    preprocessor = model.data_preprocessor
    buffers = {k: v.flatten().tolist() for k, v in preprocessor.named_buffers()}
    resize = getattr(preprocessor, 'resize', None)
    resize = dict(resize=resize) if resize else {}
    return dict(type=type(preprocessor).__name__, **buffers, **resize)


def _facts(name: str, model: BaseModel, checkpoint: str | Path) -> dict:
    return dict(
        name=name,
        algorithm=type(model).__name__,
        checkpoint=Path(checkpoint).name,
        checkpoint_sha256=file_digest(Path(checkpoint)),
        data_preprocessor=preprocessor_facts(model),
    )
