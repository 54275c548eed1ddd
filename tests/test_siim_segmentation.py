"""MRM's segmentation of SIIM from its config: whole runs at a small size."""

import gzip
import json
import os
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from PIL import Image

from mmcxr.datasets.films.film import read_mask
from mmcxr.engine.launch import test as evaluate
from mmcxr.engine.launch import train
from mmcxr.registry import MODELS

CONFIG = (
    'configs/benchmarks/segmentation/siim/upernet_mrm_vit-b16_4xb2-160k_siim-512px.py'
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


def losses(work_dir) -> list[float]:
    """Training losses of the newest run in a work folder."""
    log = max(work_dir.glob('*/vis_data/scalars.json'))
    records = map(json.loads, log.read_text().splitlines())
    return [record['loss'] for record in records if 'loss' in record]


def results_of(folder) -> dict:
    return json.loads((folder / 'results.json').read_text())


@pytest.mark.slow
@pytest.mark.dist
def test_two_processes_equal_one_and_resume_is_exact(workplace, repo_dir):
    config = str(repo_dir / CONFIG)
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


def test_trains_in_bfloat16_as_configured(workplace, repo_dir):
    options = dict(SMALL, **{'train_cfg.max_iters': 2, 'train_cfg.val_interval': 2})
    for key in ('optim_wrapper.type', 'val_cfg.fp16'):
        del options[key]
    assert train(str(repo_dir / CONFIG), 'half', cfg_options=options) == 0
    assert np.isfinite(losses(workplace / 'half')).all()
    (best,) = workplace.glob('half/best_segmentation_dice_image_iter_2.pth')
    weights = torch.load(best, weights_only=False)['state_dict']
    assert {w.dtype for w in weights.values()} <= {torch.float32, torch.int64}


@pytest.fixture
def silent_checkpoint(workplace, repo_dir):
    """A model that calls every pixel background, as a file."""
    config = Config.fromfile(repo_dir / CONFIG)
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
    config = str(repo_dir / CONFIG)
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
    config = str(repo_dir / CONFIG)
    options = {**SMALL, 'test_dataloader.dataset.data_root': 'data/healthy'}
    assert evaluate(config, silent_checkpoint, 'out', cfg_options=options) == 0
    results = results_of(workplace / 'out')
    metrics = results['metrics']
    assert metrics['segmentation/dice_image']['value'] == 1
    for name in ('detection_auroc_max', 'detection_auroc_sum', 'dice_positive'):
        assert metrics[f'segmentation/{name}']['value'] is None
    assert any('no film has a lesion' in line for line in results['warnings'])


@pytest.fixture
def broken(workplace, synthetic_dir):
    """Function that gives every film a mask made of its shape, or none."""

    def make(draw=None) -> str:
        root = workplace / 'data/broken'
        root.mkdir()
        for part in ('images', 'splits'):
            (root / part).symlink_to(synthetic_dir / part)
        text = dict(dtype=str, keep_default_na=False)
        table = pd.read_csv(synthetic_dir / 'table.csv', **text)
        names = table['image'].str.replace('.jpg', '.png') if draw else ''
        table = table.assign(mask=names, Pneumothorax='1')
        table.to_csv(root / 'table.csv', index=False)
        marked = table[table['mask'] != '']
        for image, mask in zip(marked['image'], marked['mask'], strict=True):
            with Image.open(root / 'images' / image) as film:
                pixels = draw(film.size[::-1]).astype(np.uint8)
            (root / 'masks' / mask).parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(root / 'masks' / mask)
        return 'data/broken'

    return make


@pytest.mark.parametrize('workers', [0, 1])
def test_masks_of_other_films_stop_the_run(
    workplace, repo_dir, broken, capsys, workers
):
    options = SMALL | {
        'train_dataloader.dataset.data_root': broken(lambda shape: np.eye(7, 5)),
        'train_dataloader.num_workers': workers,
        'train_dataloader.persistent_workers': bool(workers),
    }
    config = str(repo_dir / CONFIG)
    assert train(config, 'out', cfg_options=options) == 2
    line = capsys.readouterr().err.splitlines()[-1]
    assert re.search(r'error: .*/masks/\S+\.png: the mask is 7x5 but its film', line)


def test_masks_of_other_values_stop_the_evaluation(
    workplace, repo_dir, broken, silent_checkpoint, capsys
):
    root = broken(lambda shape: np.full(shape, 2))
    options = SMALL | {'test_dataloader.dataset.data_root': root}
    config = str(repo_dir / CONFIG)
    assert evaluate(config, silent_checkpoint, 'out', cfg_options=options) == 2
    line = capsys.readouterr().err.splitlines()[-1]
    assert re.search(r'/masks/\S+\.png: a mask holds 0 and 1, .*; found 2', line)
    assert not (workplace / 'out/results.json').exists()


def test_split_without_usable_films_is_refused(
    workplace, repo_dir, broken, silent_checkpoint, capsys
):
    """A label of 1 without a mask is unknown, so nothing is left to test on."""
    config = str(repo_dir / CONFIG)
    for options, cause in (
        (dict(data_root=broken()), 'no sample is left'),
        (dict(split='tset'), "'tset'"),
    ):
        options = {f'test_dataloader.dataset.{k}': v for k, v in options.items()}
        options = SMALL | options
        assert evaluate(config, silent_checkpoint, 'out', cfg_options=options) == 2
        line = capsys.readouterr().err.splitlines()[-1]
        assert line.startswith('error: ') and cause in line
