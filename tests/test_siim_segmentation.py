"""MRM's segmentation configs: rates, groups, and whole runs at a small size."""

import gzip
import json
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope

from mmcxr.datasets.film import read_mask
from mmcxr.engine.launch import test as evaluate
from mmcxr.engine.launch import train
from mmcxr.registry import MODELS, PARAM_SCHEDULERS

FOLDER = 'configs/benchmarks/segmentation/siim'
FULL, TENTH = (
    f'upernet_mrm_vit-b16_4xb2-{schedule}_siim-512px' for schedule in ('160k', '5k')
)
# The config at 96 px with four narrow blocks, and the same in one process and in two:
# nothing drawn inside the model, no statistics over the batch.
SMALL = {
    'model.data_preprocessor.size': (96, 96),
    'model.data_preprocessor.test_cfg.size': (96, 96),
    'model.backbone.img_size': 96,
    'model.backbone.init_cfg': None,
    'model.backbone.out_indices': (0, 1, 2, 3),
    'model.backbone.drop_path_rate': 0.0,
    **{
        f'model.backbone.arch.{name}': value
        for name, value in dict(
            embed_dims=32, num_layers=4, num_heads=2, feedforward_channels=64
        ).items()
    },
    'model.neck.embed_dim': 32,
    'model.decode_head.in_channels': (32, 32, 32, 32),
    'model.auxiliary_head.in_channels': 32,
    **{
        f'model.{part}.norm_cfg.{name}': value
        for part in ('neck', 'decode_head', 'auxiliary_head')
        for name, value in dict(type='GN', num_groups=4).items()
    },
    **{
        f'model.{part}.{name}': value
        for part in ('decode_head', 'auxiliary_head')
        for name, value in dict(channels=16, dropout_ratio=0.0).items()
    },
    **{
        f'{part}_dataloader.dataset.split_scheme': 'official'
        for part in ('train', 'val', 'test')
    },
    # Of the few synthetic films only those to train on show a pneumothorax.
    'test_dataloader.dataset.split': 'train',
    'test_dataloader.dataset.fraction': 0.3,
    'train_dataloader.dataset.pipeline.2.scale': (96, 96),
    'val_dataloader.dataset.pipeline.1.scale': (96, 96),
    'test_dataloader.dataset.pipeline.1.scale': (96, 96),
    **{f'{part}_dataloader.num_workers': 1 for part in ('train', 'val', 'test')},
    'optim_wrapper.type': 'OptimWrapper',
    'optim_wrapper.optimizer.lr': 1e-3,
    'param_scheduler.0.end': 3,
    'param_scheduler.1.end': 9,
    'train_cfg.max_iters': 8,
    'train_cfg.val_interval': 8,
    'val_cfg.fp16': False,
    'default_hooks.checkpoint.interval': 4,
    'default_hooks.logger.interval': 1,
    'log_processor.window_size': 1,
}


@pytest.fixture
def workplace(synthetic_dir, tmp_path, monkeypatch):
    """A folder with the synthetic films as if they were SIIM's."""
    (tmp_path / 'data').mkdir()
    (tmp_path / 'data/siim').symlink_to(synthetic_dir)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def config_of(repo_dir, name: str) -> Config:
    return Config.fromfile(repo_dir / FOLDER / f'{name}.py')


@pytest.mark.parametrize(
    ('name', 'total', 'warmup', 'steps'),
    [(FULL, 160000, 1500, 2000), (TENTH, 5000, 100, 5000)],
)
def test_schedule_is_the_published_one(repo_dir, name, total, warmup, steps):
    """Warm-up and polynomial of mmcv 1.x, update by update."""
    config = config_of(repo_dir, name)
    assert config.train_cfg.max_iters == total
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=2e-5)
    schedules = [
        PARAM_SCHEDULERS.build(settings, default_args=dict(optimizer=optimizer))
        for settings in config.param_scheduler
    ]
    for step in range(steps):
        expected = 2e-5 * (1 - step / total)
        if step < warmup:
            expected *= 1 - (1 - step / warmup) * (1 - 1e-6)
        assert optimizer.param_groups[0]['lr'] == pytest.approx(expected, rel=1e-6)
        optimizer.step()
        for schedule in schedules:
            schedule.step()


def settings_by_name(config: Config) -> dict[str, tuple[float, float]]:
    """Factor of the learning rate and weight decay of each parameter."""
    init_default_scope('mmcxr')
    with torch.device('meta'):
        model = MODELS.build(config.model)
    groups = build_optim_wrapper(model, config.optim_wrapper).optimizer.param_groups
    names = {parameter: name for name, parameter in model.named_parameters()}
    found = {
        names[parameter]: (group['lr'] / 2e-5, group['weight_decay'])
        for group in groups
        for parameter in group['params']
    }
    assert found.keys() == set(names.values())
    return found | {'flat': {n for p, n in names.items() if p.ndim == 1}}


def test_rates_and_decay_as_meant(repo_dir):
    found = settings_by_name(config_of(repo_dir, FULL))
    flat = found.pop('flat')
    for name, (factor, decay) in found.items():
        distance = 13 if name.startswith('backbone.') else 0
        if name.startswith('backbone.layers.'):
            distance = 12 - int(name.split('.')[2])
        assert factor == pytest.approx(0.65**distance), name
        kept = name.endswith(('cls_token', 'pos_embed', 'relative_position_bias_table'))
        assert decay == (0 if kept or name in flat else 0.05), name


@pytest.mark.parametrize('name', [FULL, TENTH])
def test_rates_and_decay_as_released(repo_dir, name):
    found = settings_by_name(config_of(repo_dir, f'{name}_released'))
    flat = found.pop('flat')
    slow = {name for name, (factor, _) in found.items() if factor != 1}
    assert slow == {
        f'backbone.{name}'
        for name in ('cls_token', 'pos_embed')
        + ('patch_embed.projection.weight', 'patch_embed.projection.bias')
    }
    assert all(found[name][0] == pytest.approx(0.65**13) for name in slow)
    for name, (_, decay) in found.items():
        assert decay == (0 if name in flat else 0.05), name


def losses(work_dir) -> list[float]:
    """Training losses of the newest run in a work folder."""
    log = max(work_dir.glob('*/vis_data/scalars.json'))
    records = map(json.loads, log.read_text().splitlines())
    return [record['loss'] for record in records if 'loss' in record]


def results_of(folder) -> dict:
    return json.loads((folder / 'results.json').read_text())


@pytest.mark.dist
def test_two_processes_equal_one_and_resume_is_exact(workplace, repo_dir):
    config = str(repo_dir / FOLDER / f'{FULL}.py')
    one = {**SMALL, 'train_dataloader.batch_size': 4}
    assert train(config, 'one', cfg_options=one) == 0
    alone = losses(workplace / 'one')
    assert len(alone) == len(set(alone)) == 8
    assert evaluate(config, 'one/iter_8.pth', 'one', cfg_options=SMALL) == 0

    def script(name, *arguments):
        command = ['bash', str(repo_dir / 'tools' / name), config, *arguments]
        command += ['--work-dir', 'two', '--cfg-options']
        command += [f'{key}={value}'.replace(' ', '') for key, value in SMALL.items()]
        environment = dict(os.environ, PYTHON=sys.executable, OMP_NUM_THREADS='1')
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=280, env=environment
        )
        assert done.returncode == 0, done.stderr[-2000:]

    script('dist_train.sh', '2')  # batches of 2, as the config says
    np.testing.assert_allclose(losses(workplace / 'two'), alone, rtol=2e-4)
    script('dist_test.sh', 'two/iter_8.pth', '2')
    ours, theirs = (results_of(workplace / name) for name in ('one', 'two'))
    assert ours['spec']['protocol'] == theirs['spec']['protocol']
    for name, entry in ours['metrics'].items():
        assert theirs['metrics'][name]['value'] == pytest.approx(
            entry['value'], abs=2e-3
        ), name

    # Updates 5 to 8 anew, with another number of workers.
    (workplace / 'one/iter_8.pth').unlink()
    (workplace / 'one/last_checkpoint').write_text(str(workplace / 'one/iter_4.pth'))
    one['train_dataloader.num_workers'] = 0
    one['train_dataloader.persistent_workers'] = False
    assert train(config, 'one', resume='auto', cfg_options=one) == 0
    np.testing.assert_array_equal(losses(workplace / 'one'), alone[4:])


@pytest.fixture
def silent_checkpoint(workplace, repo_dir):
    """A model that calls every pixel background, as a file."""
    config = config_of(repo_dir, FULL)
    config.merge_from_dict(SMALL)
    init_default_scope('mmcxr')
    model = MODELS.build(config.model)
    torch.nn.init.zeros_(model.decode_head.conv_seg.weight)
    model.decode_head.conv_seg.bias.data = torch.tensor([3.0, 0.0])
    torch.save(dict(state_dict=model.state_dict()), workplace / 'silent.pth')
    return 'silent.pth'


def test_predicting_nothing_gives_the_baselines_in_closed_form(
    workplace, repo_dir, silent_checkpoint
):
    config = str(repo_dir / FOLDER / f'{FULL}.py')
    assert evaluate(config, silent_checkpoint, 'out', cfg_options=SMALL) == 0
    results = results_of(workplace / 'out')
    with gzip.open(workplace / 'out/scores.csv.gz', 'rt') as file:
        scores = pd.read_csv(file)
    table = pd.read_csv(workplace / 'data/siim/table.csv', keep_default_na=False)
    table = table.set_index('image').loc[scores['image']]
    assert scores['patient_id'].tolist() == table['patient_id'].tolist()
    assert results['spec']['protocol']['images']['number'] == len(table) > 20
    pixels = lesion = 0
    for mask, row in zip(table['mask'], scores.itertuples(), strict=True):
        true = read_mask(workplace / 'data/siim/masks' / mask).sum() if mask else 0
        assert row.true_pixels == true and row.predicted_pixels == 0
        assert row.dice == float(true == 0)
        pixels, lesion = pixels + row.pixels, lesion + int(true)
    empty = (table['mask'] == '').mean()
    assert 0 < empty < 1
    expected = dict(
        dice_image=empty,
        dice_positive=0,
        dice_foreground=0,
        dice_mean=(pixels - lesion) / (2 * pixels - lesion),
        iou_foreground=0,
        iou_mean=(pixels - lesion) / pixels / 2,
    )
    for name, value in expected.items():
        for part in ('metrics', 'baselines'):
            found = results[part][f'segmentation/{name}']['value']
            assert found == pytest.approx(value, abs=1e-9), (part, name)
    counts = results['counts']['segmentation']
    assert counts['images'] == counts['empty_predicted_masks'] == len(table)


def test_films_without_any_lesion_are_reported(
    workplace, repo_dir, silent_checkpoint, synthetic_dir
):
    """No positive: no AUROC and no Dice of lesions, said and not raised."""
    healthy = workplace / 'data/healthy'
    healthy.mkdir()
    for part in ('images', 'masks', 'splits'):
        (healthy / part).symlink_to(synthetic_dir / part)
    table = pd.read_csv(synthetic_dir / 'table.csv', dtype=str, keep_default_na=False)
    table.assign(mask='', Pneumothorax='0').to_csv(healthy / 'table.csv', index=False)
    config = str(repo_dir / FOLDER / f'{FULL}.py')
    options = {**SMALL, 'test_dataloader.dataset.data_root': 'data/healthy'}
    assert evaluate(config, silent_checkpoint, 'out', cfg_options=options) == 0
    results = results_of(workplace / 'out')
    metrics = results['metrics']
    assert metrics['segmentation/dice_image']['value'] == 1
    for name in ('detection_auroc_max', 'detection_auroc_sum', 'dice_positive'):
        assert metrics[f'segmentation/{name}']['value'] is None
    assert any('no film has a lesion' in line for line in results['warnings'])
