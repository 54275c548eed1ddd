"""MRM's fine-tuning: the published numbers, and what the runner makes of them."""

import math
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from torch import nn

from mmcxr.engine.config_file import load_config
from mmcxr.registry import MODELS, PARAM_SCHEDULERS, TRANSFORMS

FOLDER = Path(__file__).resolve().parents[1] / 'configs/benchmarks/classification'
BATCH = 96
# MRM's code (ChestX-ray14) and read-me: warm-up, updates, rate; rows of its train list.
TABLE = {
    ('chestx-ray14', '1pct'): (50, 3000, 3e-2, 785),
    ('chestx-ray14', '10pct'): (500, 30000, 3e-3, 7847),
    ('chestx-ray14', ''): (5000, 200000, 3e-3, 78468),
    ('rsna', '1pct'): (50, 2000, 3e-3, 251),
    ('rsna', '10pct'): (200, 10000, 5e-4, 2518),
    ('rsna', ''): (2000, 50000, 5e-4, 25184),
    ('chexpert', '1pct'): (150, 2000, 3e-3, 2184),
    ('chexpert', '10pct'): (1500, 60000, 5e-4, 21841),
    ('chexpert', ''): (15000, 200000, 5e-4, 218414),
    ('covid19', 'covid'): (50, 1000, 3e-2, 355),
    ('covid19', 'viral'): (50, 1000, 3e-2, 297),
}
CLASSES = dict(rsna=1, chexpert=5, covid19=1) | {'chestx-ray14': 14}
SHARES = {'': 1, '10pct': 0.1, '1pct': 0.01}
ENCODERS = ('mrm_vit-b16', 'cxr-clip_r50', 'cxr-clip_swin-t')
LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')


def config(dataset: str, variant: str, encoder: str = 'mrm_vit-b16') -> Config:
    name, options = 'finetune', {}
    if variant in SHARES:
        options['train_dataloader.dataset.fraction'] = SHARES[variant]
    else:
        name += f'_{variant}'
    return load_config(FOLDER / dataset / f'{name}.py', options, encoder)


@pytest.mark.parametrize('cell', TABLE, ids='-'.join)
def test_published_table(cell):
    warmup, updates, rate, films = TABLE[cell]
    cfg = config(*cell)
    assert cfg.param_scheduler == dict(
        type='WarmupCosineLR', warmup=warmup, by_epoch=False
    )
    assert cfg.train_cfg.max_iters == updates
    assert cfg.train_cfg.val_interval == math.ceil(films / BATCH)
    assert cfg.optim_wrapper.optimizer == dict(
        type='SGD', lr=rate, momentum=0.9, weight_decay=0.0
    )
    assert cfg.optim_wrapper.clip_grad == dict(max_norm=1.0)
    assert 'paramwise_cfg' not in cfg.optim_wrapper
    assert cfg.train_dataloader.batch_size == cfg.auto_scale_lr.base_batch_size == BATCH
    assert cfg.train_dataloader.dataset.get('fraction', 1) == SHARES.get(cell[1], 1)
    assert all('fraction' not in cfg[name].dataset for name in LOADERS[1:])
    assert cfg.model.head.num_classes == CLASSES[cell[0]]
    assert cfg.default_hooks.checkpoint.save_best == 'classification/auroc'
    assert cfg.randomness.seed == 42


def test_films_as_released():
    """Crop of 8 to 100 %, mirror; in evaluation the centre, not mirrored."""
    cfg = config('chestx-ray14', '')
    init_default_scope('mmcxr')
    train, val, test = (cfg[name].dataset.pipeline for name in LOADERS)
    assert val == test
    described = [repr(TRANSFORMS.build(step)) for step in train[1:3] + test[1:3]]
    assert described == [
        'FilmRandomResizedCrop(size=224, scale=(0.08, 1.0), ratio=(0.75, '
        "1.3333333333333333), interpolation='bilinear')",
        'FilmFlip(prob=0.5)',
        "FilmResize(size=224, keep_ratio=True, interpolation='bilinear')",
        'FilmCenterCrop(size=224)',
    ]


@pytest.mark.parametrize('cell', TABLE, ids='-'.join)
def test_another_encoder_changes_the_model_and_nothing_else(cell):
    """Datasets, labels, splits, head class and recipe are the same objects."""
    first, *others = (config(*cell, encoder=encoder).to_dict() for encoder in ENCODERS)
    for other in others:
        head = other.pop('model')['head']
        for key in ('type', 'num_classes'):
            assert head[key] == first['model']['head'][key]
        assert other == {k: v for k, v in first.items() if k != 'model'}


@pytest.mark.parametrize('dataset', ['chestx-ray14', 'chexpert'])
@pytest.mark.parametrize('encoder', ENCODERS)
def test_probe_and_fine_tuning_share_the_dataset(dataset, encoder):
    probe = load_config(FOLDER / dataset / 'linear-probe.py', encoder=encoder)
    tuned = load_config(FOLDER / dataset / 'finetune.py', encoder=encoder)
    for name in LOADERS:
        one, other = probe[name].dataset, tuned[name].dataset
        assert {**one, 'pipeline': 0} == {**other, 'pipeline': 0}
    assert probe.test_dataloader.dataset == tuned.test_dataloader.dataset
    assert probe.test_evaluator == tuned.test_evaluator


def rates(warmup: int, updates: int, rate: float, steps) -> list[float]:
    """Rates that the optimizer has at the given updates, counted from 0."""
    optimizer = torch.optim.SGD(nn.Linear(1, 1).parameters(), lr=rate)
    cfg = dict(type='mmcxr.WarmupCosineLR', warmup=warmup, by_epoch=False, end=updates)
    scheduler = PARAM_SCHEDULERS.build(cfg, default_args=dict(optimizer=optimizer))
    found = []
    for step in range(max(steps) + 1):
        if step in steps:
            found.append(optimizer.param_groups[0]['lr'])
        optimizer.step()
        scheduler.step()
    return found


@pytest.mark.parametrize('cell', [('chestx-ray14', '1pct'), ('covid19', 'covid')])
def test_schedule_in_closed_form(cell):
    W, T, rate, _ = TABLE[cell]
    steps = [0, 1, W - 1, W, (W + T) // 2, T - 1]
    wanted = [rate * (i + 1) / (W + 1) for i in steps[:3]]
    wanted += [
        rate * (1 + math.cos(math.pi * (i - W) / (T - W))) / 2 for i in steps[3:]
    ]
    assert rates(W, T, rate, steps) == pytest.approx(wanted, abs=1e-15)
    assert wanted[3] == rate and wanted[4] == pytest.approx(rate / 2)
    assert 0 < wanted[5] < 1e-5 * rate


def test_schedule_stays_close_to_the_released_one():
    """There the scheduler steps first: update i has what is ours at i + 1, nearly."""
    W, T, rate, _ = TABLE['chestx-ray14', '1pct']

    def released(update: int) -> float:
        step = update + 1
        if step < W:
            return rate * step / W
        return rate * (1 + math.cos(math.pi * (step - W) / (T - W))) / 2

    found = rates(W, T, rate, range(T))
    assert released(0) == rate / W and released(T - 1) == pytest.approx(0)
    gaps = [abs(ours - released(i)) for i, ours in enumerate(found)]
    assert max(gaps) < rate / W


def test_one_group_of_all_parameters():
    """The whole network learns at one rate, norms and biases included."""
    cfg = config('covid19', 'covid')
    init_default_scope('mmcxr')
    cfg.model.backbone.arch = dict(
        embed_dims=32, num_layers=2, num_heads=2, feedforward_channels=48
    )
    cfg.model.backbone.init_cfg = None
    cfg.model.head.in_channels = 32
    model = MODELS.build(cfg.model)
    model.init_weights()
    optimizer = build_optim_wrapper(model, cfg.optim_wrapper).optimizer
    (group,) = optimizer.param_groups
    assert len(group['params']) == len(list(model.parameters()))
    assert group['lr'] == 3e-2 and group['weight_decay'] == 0
    # Before the first update every film has a probability of nearly one half.
    image = torch.randn(3, 3, 224, 224, generator=torch.Generator().manual_seed(0))
    score = model.eval()(dict(image=image), mode='tensor').sigmoid()
    assert (score - 0.5).abs().max() < 1e-3
