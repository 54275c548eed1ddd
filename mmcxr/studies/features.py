"""Compute features of a dataset once, for probes that run on a CPU.

``N`` films, ``D`` features, ``C`` classes.
"""

from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config
from mmengine.model import BaseModel
from torch.utils.data import DataLoader

from mmcxr.apis.inference import OUR_SCOPE, fitting_batch
from mmcxr.apis.loaded_model import LoadedModel, facts_of, preprocessor_facts
from mmcxr.apis.model import check_device
from mmcxr.datasets.collate import collate_studies
from mmcxr.engine.config_check import did_you_mean
from mmcxr.engine.config_types import nearest_type, resolve
from mmcxr.engine.encoder import find_encoder
from mmcxr.engine.use_encoder import use_encoder
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


def open_encoder(text: str, device: str = 'cpu') -> LoadedModel:
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
    model.eval()  # returns None for some backbones: not chained
    return LoadedModel(
        model,
        cfg.model,
        encoder.film_pipeline,
        facts_of(Path(encoder.name).stem, model, encoder.file),
        keeps_shape=encoder.config.get('published', {}).get('keeps_shape', False),
    ).to(device)


def extract_features(
    loaded: LoadedModel,
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
        loaded: any model, see :func:`mmcxr.apis.load_model` and ``load_published``.
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
    model = loaded.model
    if resolve(dataset['type'], 'DATASETS') is None:
        guess = nearest_type(dataset['type'], 'DATASETS')
        raise FeatureError(
            f"no dataset is called '{dataset['type']}'{did_you_mean(guess)}"
        )
    steps = dataset.get('pipeline') or [
        dict(type='mmcxr.LoadFilm'),
        *loaded.film_pipeline,
        dict(type='mmcxr.PackFilm'),
    ]
    dataset = dict(dataset, pipeline=steps, test_mode=True)
    with OUR_SCOPE():
        films = DATASETS.build(dataset)
    infos = [films.get_data_info(index) for index in range(len(films))]
    if not infos or 'img_path' not in infos[0]:
        raise FeatureError(f'{dataset["type"]} gives no single films with labels')
    key = dict(
        model=model_digest(model, loaded.config),
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
        batch_size = fitting_batch(loaded, batch_size)
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
            model=loaded.facts,
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
