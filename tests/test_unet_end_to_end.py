"""Segmentation from films to numbers and pictures, with a small U-Net.

Synthetic pneumothoraces, and lungs on real films.
"""

import json
import os
import subprocess
import sys

import cv2
import numpy as np
import pandas as pd
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmcxr.apis import load_model, segment
from mmcxr.apis.show_masks import show_masks
from mmcxr.datasets.films.film import read_film
from mmcxr.demo.demo import best_checkpoint
from mmcxr.engine.launch import test as evaluate
from mmcxr.engine.launch import train
from mmcxr.evaluation.functional.dice import DEFINITIONS
from mmcxr.registry import MODELS

SEGMENTATION = 'configs/benchmarks/segmentation'
UNET = f'{SEGMENTATION}/synthetic/unet_r18_1xb16-200_synthetic-96px.py'
LUNGS = f'{SEGMENTATION}/covid19/unet_r18_1xb4-900_covid19-lungs-192px.py'


# Of the 25 films held out in the fixture none has a pneumothorax.
ALL_SEEN = {f'{part}_dataloader.dataset.split': 'train' for part in ('val', 'test')}


def shortened(iters: int) -> dict:
    return {
        'train_cfg.max_iters': iters,
        'train_cfg.val_interval': iters,
        'default_hooks.checkpoint.interval': iters,
        'default_hooks.logger.interval': 1,
        'param_scheduler.warmup': 1,
    }


@pytest.fixture
def workplace(synthetic_dir, tmp_path, monkeypatch):
    """A folder with the synthetic films where the configs look for them."""
    (tmp_path / 'data').mkdir()
    (tmp_path / 'data/synthetic').symlink_to(synthetic_dir)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def results_of(folder) -> dict:
    return json.loads((folder / 'results.json').read_text())


def logged(folder, key: str) -> list[float]:
    log = max(folder.glob('*/vis_data/scalars.json'))
    records = map(json.loads, log.read_text().splitlines())
    return [record[key] for record in records if key in record]


def test_train_test_and_look(workplace, repo_dir):
    config = repo_dir / UNET
    options = {**shortened(8), **ALL_SEEN}
    assert train(str(config), 'run', cfg_options=options) == 0
    losses = logged(workplace / 'run', 'loss')
    assert len(losses) == 8 and min(losses[4:]) < losses[0]
    checkpoint = best_checkpoint('run')
    assert evaluate(str(config), checkpoint, 'run', cfg_options=ALL_SEEN) == 0
    results = results_of(workplace / 'run')
    names = {name.removeprefix('segmentation/') for name in results['metrics']}
    assert names >= {*DEFINITIONS, 'detection_auroc_max', 'detection_auroc_sum'}

    # The same Dice for each film from the notebook call and from the pictures' maker.
    scores = pd.read_csv(workplace / 'run/scores.csv.gz').set_index('image')
    model = load_model(config, checkpoint)
    for image, row in scores.iloc[:3].iterrows():
        path = workplace / 'data/synthetic/images' / image
        (found,) = segment(model, path)
        assert found.mask.shape == found.probability.shape == read_film(path).shape
        assert found.mask.sum() == row['predicted_pixels']
        assert found.probability.max() == pytest.approx(
            row['probability_max'], rel=1e-4
        )
        np.testing.assert_array_equal(found.mask, found.probability > 0.5)
    arrays = [read_film(workplace / 'data/synthetic/images' / i) for i in scores.index]
    again = segment(model, arrays[:3])
    assert [f.mask.sum() for f in again] == scores['predicted_pixels'][:3].tolist()

    files = show_masks(
        config, checkpoint, workplace / 'masks', num=4, cfg_options=ALL_SEEN
    )
    assert len(files) == 5 and files[-1].name == 'contact_sheet.png'
    assert all(cv2.imread(str(file)) is not None for file in files)


def test_predicting_nothing_scores_the_baseline(workplace, repo_dir):
    """A head that always says background, against the closed form."""
    path = repo_dir / UNET
    config = Config.fromfile(path)
    init_default_scope('mmcxr')
    model = MODELS.build(config.model)
    head = model.decode_head.conv_seg
    torch.nn.init.zeros_(head.weight)
    head.bias.data[:] = torch.tensor([200.0, -200.0])  # exp(-400) is 0
    torch.save(dict(state_dict=model.state_dict(), meta={}), 'nothing.pth')
    assert evaluate(str(path), 'nothing.pth', 'run', cfg_options=ALL_SEEN) == 0
    results = results_of(workplace / 'run')
    scores = pd.read_csv(workplace / 'run/scores.csv.gz')
    lesion = scores['true_pixels'] > 0
    assert 0 < lesion.sum() < len(lesion) and (scores['predicted_pixels'] == 0).all()
    pixels, true = scores['pixels'].sum(), scores['true_pixels'].sum()
    background = pixels - true  # called so and so; all pixels are called so
    expected = dict(
        dice_image=1 - lesion.mean(),
        dice_positive=0,
        dice_foreground=0,
        dice_mean=(0 + 2 * background / (background + pixels)) / 2,
        iou_foreground=0,
        iou_mean=(0 + background / pixels) / 2,
        detection_auroc_max=0.5,
        detection_auroc_sum=0.5,
    )
    for name, value in expected.items():
        entry = results['metrics'][f'segmentation/{name}']
        assert entry['value'] == pytest.approx(value, abs=1e-9), name
        baseline = results['baselines'][f'segmentation/{name}']['value']
        assert entry['value'] == pytest.approx(baseline, abs=1e-9), name


# Without statistics over the batch, one process or two do the same arithmetic.
STILL = """
_base_ = '{config}'
model = dict(
    backbone={backbone},
    neck=dict(norm_cfg=dict(_delete_=True, type='GN', num_groups=4)))
log_processor = dict(window_size=1)
"""
BACKBONES = dict(
    learning='dict(norm_eval=True)',
    frozen="dict(_delete_=True, type='FrozenEncoder', encoder=_base_.model.backbone)",
)


@pytest.mark.slow
@pytest.mark.dist
@pytest.mark.parametrize('backbone', BACKBONES)
def test_two_processes_equal_one(workplace, repo_dir, backbone):
    config, options = 'still.py', shortened(4)
    text = STILL.format(config=repo_dir / UNET, backbone=BACKBONES[backbone])
    (workplace / config).write_text(text)
    assert train(config, 'one', cfg_options=options) == 0
    alone = logged(workplace / 'one', 'loss')
    command = ['bash', str(repo_dir / 'tools/dist_train.sh'), config, '2']
    command += ['--work-dir', 'two', '--cfg-options', 'train_dataloader.batch_size=8']
    command += [f'{key}={value}' for key, value in options.items()]
    environment = dict(os.environ, PYTHON=sys.executable, OMP_NUM_THREADS='1')
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=280, env=environment
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert len(set(alone)) == 4
    np.testing.assert_allclose(logged(workplace / 'two', 'loss'), alone, rtol=1e-4)


@pytest.fixture
def lungs(convert_covid19, tmp_path, monkeypatch):
    """A folder with the real films where the config looks for them."""
    convert_covid19(tmp_path / 'data/covid19')
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.slow
def test_lungs_on_real_films(lungs, repo_dir):
    """The whole way in a few updates, which already find some of the lungs."""
    config = str(repo_dir / LUNGS)
    options = {**shortened(4), 'train_dataloader.batch_size': 4}
    assert train(config, 'run', cfg_options=options) == 0
    assert evaluate(config, best_checkpoint('run'), 'run') == 0
    results = results_of(lungs / 'run')
    assert results['overlap'] == dict(
        scheme='clean', against='train', images=0, patients=0
    )
    assert results['spec']['protocol']['images']['number'] == 12


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_lungs_reach_what_was_promised(lungs, repo_dir):
    """Dice of at least 0.90 on held-out patients, from random weights, on a CPU."""
    config = str(repo_dir / LUNGS)
    assert train(config, 'run') == 0
    assert evaluate(config, best_checkpoint('run'), 'run') == 0
    results = results_of(lungs / 'run')
    assert results['overlap']['patients'] == 0
    dice = results['metrics']['segmentation/dice_foreground']
    assert dice['value'] >= 0.90, dice
