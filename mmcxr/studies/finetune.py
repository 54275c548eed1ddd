"""Fine-tune an encoder on a person's own films, by the shared configs and runner."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from mmengine.config import Config

from mmcxr.apis.loaded_model import LoadedModel
from mmcxr.engine import launch
from mmcxr.evaluation.functional.results import read_results, write_results
from mmcxr.preparing.writing import write_csv
from mmcxr.registry import DATASETS

from .csv_data import SCHEME, CSVData
from .draws import Draw
from .film_classifiers import classifier_config, film_size, save_encoder
from .study import Study

_RECIPES = Path(__file__).parents[1] / '.mim/configs/_base_/recipes'
_LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')
_UPDATES = 10  # at least so many in an epoch


class LabelledFilms:
    """What a draw reads of a split: labels and patients, without any feature.

    Args:
        data: of the films.
        split: name.
    """

    def __init__(self, data: CSVData, split: str):
        config = data.dataset(split)
        films = DATASETS.build(dict(config, type=f'mmcxr.{config["type"]}'))
        infos = [films.get_data_info(index) for index in range(len(films))]
        self.facts = dict(classes=data.classes)
        self.images = [info['image'] for info in infos]
        self.patient_ids = [info['patient_id'] for info in infos]
        self.labels = np.stack([info['gt_label'] for info in infos])


def finetune_config(
    loaded: LoadedModel, study: Study, draw: Draw, folder: Path
) -> Config:
    """Config of a fine-tuning: the model's encoder, the recipe and the films.

    The recipe of the preset ``default`` is ``layer-decay``; where an epoch would have
    few updates, its batch is smaller and its rate with it.

    Args:
        loaded: whose encoder is trained; it is written beside ``folder``.
        study: names the films and the preset; its options are merged in last.
        draw: of the films, listed in a scheme of the data named after ``folder``.
        folder: of the cell.
    """
    data, uncertain, cxrlearn = study.data, study.uncertain, study.cxrlearn
    cfg = Config.fromfile(_RECIPES / f'{"cxrlearn" if cxrlearn else "layer-decay"}.py')
    scheme, number = _list_films(study, draw, folder.name)
    checkpoint = folder.parent / 'encoder.pth'
    save_encoder(loaded, checkpoint)
    head = dict(type='mmcxr.MultiLabelHead', uncertain=uncertain)
    task = 'binary' if len(data.classes) == 1 else 'multilabel'
    if data.exclusive:
        head, task = dict(type='mmcxr.SingleLabelHead'), 'multiclass'
    head['num_classes'] = len(data.classes)
    cfg.model = classifier_config(loaded, checkpoint, head)
    cfg.pop('clip_normalisation', None)  # for leaves; the model sees films so already
    if not cxrlearn:
        _own_films(cfg, loaded)
        _small_batches(cfg, number)
    for name in _LOADERS:
        split = name.split('_')[0]
        loader = cfg[name]
        pipeline = loader.dataset.pipeline
        loader.dataset = dict(
            data.dataset(split, scheme), pipeline=pipeline, test_mode=split != 'train'
        )
        loader.num_workers = study.workers
    metric = dict(type='ClassificationMetric', task=task, uncertain=uncertain)
    cfg.val_evaluator = dict(metric, num_resamples=0)
    cfg.test_evaluator = dict(metric, num_resamples=study.num_resamples)
    if task != 'multilabel':  # no mean weighted by positives is made of these
        cfg.default_hooks.checkpoint.save_best = 'classification/auroc'
    cfg.log_level = 'WARNING'
    cfg.randomness = dict(cfg.randomness, seed=draw.seed)
    cfg.merge_from_dict(dict(study.options))
    return cfg


def finetune(cfg: Config, run: Path, name: str, warnings: list[str]) -> None:
    """Train, from the last checkpoint if there is one, and test the best.

    Args:
        cfg: from :func:`finetune_config`.
        run: of the training; the folder above takes the results and the scores.
        name: of the model.
        warnings: sentences for readers of the results.

    Raises:
        RuntimeError: the training or the test failed; it has said why.
    """
    run.mkdir(parents=True, exist_ok=True)
    file, results_file = run / f'{name}.py', run.with_name('results.json')
    cfg.dump(file)
    if launch.train(str(file), str(run), resume='auto'):
        raise RuntimeError('the training failed, for the reason above')
    (best, *_) = sorted(run.glob('best_*.pth'), key=lambda p: -p.stat().st_mtime)
    if launch.test(str(file), str(best), str(run.parent)):
        raise RuntimeError('the test failed, for the reason above')
    results = read_results(results_file)
    results['warnings'] += warnings
    write_results(results_file, results)


def is_noted(run: Path, spec: Mapping) -> bool:
    """Whether a folder is of this spec, as runs noted it before cells did."""
    try:
        return json.loads((run / 'spec.json').read_text(encoding='utf-8')) == spec
    except (OSError, ValueError):
        return False


def _list_films(study: Study, draw: Draw, name: str) -> tuple[str, int]:
    """Scheme that lists the films drawn, and how many there are."""
    data = study.data
    films = {
        split: LabelledFilms(data, split)
        for split in ('train' if data.has_val else 'fit', 'val', 'test')
    }
    train = films.pop('train' if data.has_val else 'fit')
    rows = draw.rows(train, data.exclusive, study.uncertain)
    listed = [(train.images[row], 'train') for row in rows]
    listed += [(image, name) for name, f in films.items() for image in f.images]
    scheme = f'{SCHEME}-{name}'
    frame = pd.DataFrame(listed, columns=['image', 'split'])
    write_csv(data.root / f'splits/{scheme}.csv', frame)
    return scheme, len(rows)


def _own_films(cfg: Config, loaded: LoadedModel) -> None:
    """Films as the model's authors evaluate them, and augmented to that size."""
    size = film_size(loaded)
    steps = [dict(step) for step in loaded.film_pipeline]
    if loaded.keeps_shape:  # a batch has one shape
        steps.append(dict(type='mmcxr.FilmCenterCrop', size=size))
    test = [dict(type='mmcxr.LoadFilm'), *steps, dict(type='mmcxr.PackFilm')]
    for step in cfg.train_dataloader.dataset.pipeline:
        if 'size' in step:
            step.size = size
    cfg.val_dataloader.dataset.pipeline = test
    cfg.test_dataloader.dataset.pipeline = test
    cfg.film_pipeline = steps


def _small_batches(cfg: Config, number: int) -> None:
    """A smaller batch, and a rate in proportion, for few films."""
    loader, recipe = cfg.train_dataloader, cfg.train_dataloader.batch_size
    batch = max(1, min(recipe, number // _UPDATES))
    loader.batch_size = min(recipe, 2 ** (batch.bit_length() - 1))
    cfg.optim_wrapper.optimizer.lr *= loader.batch_size / recipe
