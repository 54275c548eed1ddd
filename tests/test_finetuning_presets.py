"""Presets of the methods: published numbers, and what the runner makes of them."""

import json
from pathlib import Path

import pandas as pd
import pytest
import torch
from labelled_films import label_films
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope

from mmcxr.datasets.public.chexpert import CHEXPERT_CLASSES
from mmcxr.engine.config_file import load_config
from mmcxr.engine.launch import test as evaluate
from mmcxr.engine.launch import train
from mmcxr.registry import MODELS

FOLDER = Path(__file__).resolve().parents[1] / 'configs/benchmarks/classification'
LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')
# Leaf -> optimizer, batch, what training is limited to, what the best is the best in.
SGD = dict(type='SGD', momentum=0.9)
ADAM = dict(type='Adam')
NIH, CHEXPERT = 'chestx-ray14/finetune', 'chexpert/linear-probe'
TABLE = {
    f'{NIH}_cxrlearn': (
        SGD | dict(lr=1e-3, weight_decay=0.0), 32, 'epochs 100', 'auroc_weighted'),
    'rsna/finetune_convirt_r50_own': (
        ADAM | dict(lr=1e-3, weight_decay=1e-6), 16, 'epochs 200', 'auroc'),
    f'{CHEXPERT}_gloria_r50_own': (
        ADAM | dict(lr=1e-4, betas=(0.5, 0.999), weight_decay=1e-6), 64, 'epochs 50',
        'bce'),
    'rsna/linear-probe_gloria_r50_own': (
        ADAM | dict(lr=5e-4, betas=(0.5, 0.999), weight_decay=1e-6), 64, 'epochs 50',
        'bce'),
    f'{NIH}_refers_vit-b16_own': (
        SGD | dict(lr=1e-2, weight_decay=0.0), 128, 'iters 60000', 'auroc'),
    'chexpert/finetune_moco-cxr_own': (
        ADAM | dict(lr=1e-4, weight_decay=0.0), 16, 'epochs 5', 'auroc'),
    f'{CHEXPERT}_medaug_r18_own': (
        ADAM | dict(lr=3e-4, weight_decay=0.0), 16, 'epochs 256', 'auroc'),
    f'{NIH}_s2mts2_d121_own': (
        ADAM | dict(lr=0.05, betas=(0.9, 0.99), eps=0.1), 16, 'epochs 10', 'auroc'),
    f'{NIH}_convirt_r50_benchx': (ADAM | dict(lr=1e-4), 64, 'epochs 200', 'auroc'),
    f'{NIH}_gloria_r50_benchx': (ADAM | dict(lr=1e-4), 64, 'epochs 200', 'auroc'),
    f'{NIH}_mrm_vit-b16_benchx': (SGD | dict(lr=3e-2), 64, 'epochs 200', 'auroc'),
    f'{NIH}_refers_vit-b16_benchx': (SGD | dict(lr=3e-2), 32, 'epochs 200', 'auroc'),
    'rsna/finetune_mrm_vit-b16_benchx': (SGD | dict(lr=1e-2), 32, 'epochs 200', 'f1'),
    'rsna/finetune_convirt_r50_benchx': (ADAM | dict(lr=5e-5), 64, 'epochs 200', 'f1'),
}  # fmt: skip
# ResNets of seconds, and how films get small.
SMALL = dict(depth=18, base_channels=4, stem_channels=4, init_cfg=None)
DIMS, SIZE = 32, 64
QUICK = {
    'train_dataloader.batch_size': 8,
    'train_cfg.max_epochs': 2,
    'log_level': 'ERROR',
    **{f'{loader}.num_workers': 0 for loader in LOADERS},
    **{f'{loader}.persistent_workers': False for loader in LOADERS[:2]},
}


def config(leaf: str) -> Config:
    return load_config(FOLDER / f'{leaf}.py')


@pytest.mark.parametrize('leaf', TABLE)
def test_published_numbers(leaf):
    optimizer, batch, limit, best = TABLE[leaf]
    cfg = config(leaf)
    assert cfg.optim_wrapper.optimizer == optimizer
    assert cfg.train_dataloader.batch_size == batch
    unit, number = limit.split()
    assert cfg.train_cfg[f'max_{unit}'] == int(number)
    assert cfg.default_hooks.checkpoint.save_best.endswith(f'/{best}')
    stopping = [h for h in cfg.get('custom_hooks', []) if h.type == 'EarlyStopHook']
    for hook in stopping:
        assert hook.monitor == cfg.default_hooks.checkpoint.save_best
        assert hook.rule == cfg.default_hooks.checkpoint.rule
    assert cfg.model.get('freeze_backbone', False) == ('linear-probe' in leaf)


def test_labels_that_are_uncertain():
    """As each method's code decides them, on CheXpert."""
    present = {
        'finetune_convirt_r50_own': 'Atelectasis Cardiomegaly Edema Pleural_Effusion',
        'linear-probe_gloria_r50_own': 'Atelectasis Edema Pleural_Effusion',
    }
    for leaf, names in present.items():
        policy = config(f'chexpert/{leaf}').train_dataloader.dataset.uncertain
        found = [name.replace(' ', '_') for name in policy if policy[name] == 'ones']
        assert sorted(found) == sorted(names.split()) and len(policy) == 5
    for leaf in ('finetune_moco-cxr_own', 'linear-probe_medaug_r18_own'):
        for loader in LOADERS:
            dataset = config(f'chexpert/{leaf}')[loader].dataset
            assert dataset.uncertain == 'ignore' and dataset.unknown == 'zeros'


def small_model(leaf: str):
    init_default_scope('mmcxr')
    cfg = config(leaf)
    cfg.model.backbone.update(SMALL)
    cfg.model.head.in_channels = DIMS
    return cfg, MODELS.build(cfg.model)


def test_rates_of_benchx():
    """The encoder learns at a tenth of the head's rate, its norm included."""
    cfg, model = small_model(f'{NIH}_convirt_r50_benchx')
    groups = build_optim_wrapper(model, cfg.optim_wrapper).optimizer.param_groups
    rates = {id(p): group['lr'] for group in groups for p in group['params']}
    for name, parameter in model.named_parameters():
        wanted = 1e-5 if name.startswith('backbone.') else 1e-4
        assert rates[id(parameter)] == pytest.approx(wanted), name
    assert len(groups) == 2 and 'head.norm.weight' in dict(model.named_parameters())
    scores = model.eval().head.predict(torch.randn(3, DIMS))
    torch.testing.assert_close(scores, torch.full((3, 14), 0.5), atol=1e-3, rtol=0)


def test_one_rate_of_benchx_for_refers():
    """Its grid chose no lower rate for this encoder."""
    cfg = config(f'{NIH}_refers_vit-b16_benchx')
    cfg.model.backbone.arch = dict(
        embed_dims=DIMS, num_layers=1, num_heads=2, feedforward_channels=48
    )
    cfg.model.backbone.init_cfg, cfg.model.head.in_channels = None, DIMS
    init_default_scope('mmcxr')
    model = MODELS.build(cfg.model)
    (group,) = build_optim_wrapper(model, cfg.optim_wrapper).optimizer.param_groups
    assert group['lr'] == 3e-2 and len(group['params']) == len(list(model.parameters()))


def test_schedule_of_benchx():
    cfg = config(f'{NIH}_mrm_vit-b16_benchx')
    assert cfg.param_scheduler == dict(
        type='WarmupCosineLR', warmup=50, first_at_zero=True, zero_at=3000,
        by_epoch=False)  # fmt: skip
    assert cfg.train_cfg == dict(
        by_epoch=True, max_epochs=200, val_begin=10, val_interval=5
    )
    assert config('rsna/finetune_convirt_r50_benchx').param_scheduler.zero_at == 1200


@pytest.fixture
def small_leaf(tmp_path, monkeypatch):
    """Leaf of a preset with an encoder of seconds and films of 64 pixels."""
    monkeypatch.chdir(tmp_path)

    def write(leaf: str, extra: str = '') -> str:
        cfg = config(leaf)
        for loader in LOADERS:
            for step in cfg[loader].dataset.pipeline:
                for key in ('size', 'crop_size'):
                    if key in step:
                        step[key] = SIZE
        model = dict(
            backbone=dict(SMALL), data_preprocessor=dict(resize=None),
            head=dict(in_channels=DIMS))  # fmt: skip
        text = [f"_base_ = '{FOLDER / leaf}.py'", f'model = {model}', extra]
        for loader in LOADERS:
            pipeline = cfg[loader].dataset.to_dict()['pipeline']
            text.append(f'{loader} = dict(dataset=dict(pipeline={pipeline}))')
        path = tmp_path / 'small.py'
        path.write_text('\n'.join(text))
        return str(path)

    return write


def scalars(run: Path) -> list[dict]:
    (log,) = run.glob('*/vis_data/scalars.json')
    return [json.loads(line) for line in log.read_text().splitlines()]


RUNS = {
    'rsna/finetune_convirt_r50_own': ('gloria', ('Pneumonia',)),
    'rsna/finetune_convirt_r50_benchx': ('benchx', ('Pneumonia',)),
    'chexpert/linear-probe_gloria_r50_own': ('mrm', CHEXPERT_CLASSES),
    'chexpert/finetune_moco-cxr_own': ('mrm', CHEXPERT_CLASSES),
}


@pytest.mark.parametrize('leaf', RUNS)
def test_from_films_to_numbers(leaf, small_leaf, synthetic_dir, tmp_path):
    scheme, classes = RUNS[leaf]
    root = tmp_path / 'data' / leaf.split('/')[0]
    label_films(synthetic_dir, root, classes, [scheme], number=60)
    options = QUICK
    if 'benchx' in leaf:
        options = QUICK | {'train_cfg.val_begin': 1, 'train_cfg.val_interval': 1}
    run, file = tmp_path / 'run', small_leaf(leaf)
    assert train(file, str(run), cfg_options=options) == 0
    (best,) = run.glob('best_*.pth')
    assert evaluate(file, str(best), str(run), cfg_options=options) == 0
    results = json.loads((run / 'results.json').read_text())
    columns = pd.read_csv(run / 'scores.csv.gz').columns
    evaluated = [name[6:] for name in columns if name.startswith('score_')]
    if 'moco' in leaf:
        assert evaluated == ['Pleural Effusion']
    else:
        assert len(evaluated) == (5 if 'chexpert' in leaf else 1)
    assert 0 <= results['metrics']['classification/auroc']['value'] <= 1
    name = config(leaf).default_hooks.checkpoint.save_best
    assert sum(name in row for row in scalars(run)) == 2


def test_convirt_waits_then_falls_on_a_plateau(small_leaf, synthetic_dir, tmp_path):
    """The head alone for eight updates, then all; without a gain half the rate."""
    extra = (
        "custom_hooks = [dict(type='FreezeHook', modules=['backbone'], iters=8), "
        "dict(type='EarlyStopHook', monitor='classification/auroc', "
        "rule='greater', min_delta=2.0, patience=5, strict=True)]\n"
        'param_scheduler = [dict(type="MultiStepLR", milestones=[8], gamma=0.1, '
        'by_epoch=False), dict(type="ReduceOnPlateauLR", factor=0.5, patience=2, '
        'monitor="classification/auroc", rule="greater", threshold=2.0)]\n'
        'default_hooks = dict(logger=dict(interval=1))\n'
    )
    root = tmp_path / 'data/rsna'
    label_films(synthetic_dir, root, ('Pneumonia',), ['gloria'], number=60)
    file = small_leaf('rsna/finetune_convirt_r50_own', extra)
    options = QUICK | {'train_cfg.max_epochs': 9}
    assert train(file, str(tmp_path / 'run'), cfg_options=options) == 0
    rows = [row for row in scalars(tmp_path / 'run') if 'lr' in row]
    rates = [row['lr'] for row in rows]
    assert rates[:8] == pytest.approx([1e-3] * 8)
    # The plateau counts from the first validation: 3 without a gain halve the rate.
    assert 1e-4 in [pytest.approx(rate) for rate in rates[8:]]
    assert rates[-1] == pytest.approx(5e-5)
    epochs = sum('classification/auroc' in row for row in scalars(tmp_path / 'run'))
    assert epochs == 6  # the first, then five below the best
