"""MRM's fine-tuning from films to numbers: its configs with an encoder of seconds."""

import json
import os
import subprocess
import sys

import pytest
import torch

from mmcxr.engine.launch import test as evaluate
from mmcxr.engine.launch import train
from mmcxr.preparing.lists.convert_lists import convert_split_lists, read_schemes

FOLDER = 'configs/benchmarks/classification'
CHESTX = 'chestx-ray14/finetune.py'
SIZE, DIMS = 96, 24
ARCH = dict(embed_dims=DIMS, num_layers=2, num_heads=2, feedforward_channels=48)
LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')
TINY = {
    'train_dataloader.batch_size': 16,
    'train_cfg.max_iters': 5,
    'train_cfg.val_interval': 2,
    'param_scheduler.warmup': 2,
    'default_hooks.checkpoint.interval': 2,
    'log_level': 'ERROR',
    **{f'{loader}.num_workers': 0 for loader in LOADERS},
    **{f'{loader}.persistent_workers': False for loader in LOADERS[:2]},
    'train_dataloader.dataset.pipeline.1.size': SIZE,
    **{f'{loader}.dataset.pipeline.{step}.size': SIZE
       for loader in LOADERS[1:] for step in (1, 2)},
}  # fmt: skip


@pytest.fixture
def tiny(tmp_path, repo_dir):
    """The config of that name with an encoder of seconds; the path of its file."""

    def make(name: str) -> str:
        leaf = tmp_path / 'tiny.py'
        arch = dict(ARCH, _delete_=True)  # in place of a name
        backbone = dict(arch=arch, img_size=SIZE, init_cfg=None)
        model = dict(backbone=backbone, head=dict(in_channels=DIMS))
        leaf.write_text(f"_base_ = '{repo_dir / FOLDER / name}'\nmodel = {model}\n")
        return str(leaf)

    return make


def on_synthetic(root) -> dict:
    """Options that put the synthetic films in the place of a dataset."""
    facts = dict(
        type='SyntheticFilms', data_root=str(root), split_scheme='official',
        uncertain='zeros',
    )  # fmt: skip
    options = {
        f'{loader}.dataset.{key}': value
        for loader in LOADERS
        for key, value in facts.items()
    }
    return {**TINY, **options, 'model.head.num_classes': 8}


def weights(file) -> dict[str, torch.Tensor]:
    return torch.load(file, weights_only=False)['state_dict']


def best(work_dir) -> str:
    (found,) = work_dir.glob('best_*.pth')
    return str(found)


def test_real_films_in_the_lists_of_mrm(
    convert_covid19, shared_dir, tmp_path, tiny, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    data = tmp_path / 'data/covid19'
    convert_covid19(data)
    schemes = read_schemes('mrm', shared_dir / 'data/mrm', 'covid19', None)
    written = convert_split_lists(schemes, data, fill=True)
    sizes = written.sizes.set_index(['scheme', 'split']).loc['mrm-covid1']

    config = tiny('covid19/finetune_covid.py')
    run = tmp_path / 'run'
    assert train(config, str(run), cfg_options=TINY) == 0
    assert evaluate(config, best(run), str(run), cfg_options=TINY) == 0
    results = json.loads((run / 'results.json').read_text())
    missing = results['lacking']['covid19']['missing']
    assert missing == {
        split: dict(listed=row['listed'], missing=row['listed'] - row['found'])
        for split, row in sizes.iterrows()
    }
    assert missing['train']['listed'] == 354 and missing['test']['listed'] == 104
    # More than half of each list is gone from the folder.
    assert all(counts['missing'] * 2 > counts['listed'] for counts in missing.values())
    said = f"{missing['test']['missing']} of the 104 images that 'mrm-covid1' lists"
    assert any(said in warning for warning in results['warnings'])
    protocol = results['spec']['protocol']
    assert protocol['images']['number'] == sizes['found']['test']
    assert protocol['classes'] == ['COVID-19']
    assert protocol['split_scheme'] == 'mrm-covid1'
    low, high = results['metrics']['classification/auroc']['ci95']
    assert 0 <= low <= results['metrics']['classification/auroc']['value'] <= high


def test_last_update_is_validated_and_the_best_kept(synthetic_dir, tmp_path, tiny):
    """Five updates, validation every two: after 2, 4 and 5."""
    config = tiny(CHESTX)
    options = on_synthetic(synthetic_dir)
    assert train(config, str(tmp_path), cfg_options=options) == 0
    (log,) = tmp_path.glob('*/vis_data/scalars.json')
    rows = [json.loads(line) for line in log.read_text().splitlines()]
    found = {row['step']: row['classification/auroc']
             for row in rows if 'classification/auroc' in row}  # fmt: skip
    assert sorted(found) == [2, 4, 5]
    top = max(found, key=found.get)
    assert best(tmp_path).endswith(f'_iter_{top}.pth')
    assert (tmp_path / 'iter_5.pth').is_file()


@pytest.mark.slow
@pytest.mark.dist
def test_two_processes_equal_one(synthetic_dir, tmp_path, repo_dir, tiny):
    config = tiny(CHESTX)
    options = on_synthetic(synthetic_dir)
    options['model.backbone.drop_path_rate'] = 0.0  # drawn by rank
    one, two = tmp_path / 'one', tmp_path / 'two'
    assert train(config, str(one), cfg_options=options) == 0
    command = ['bash', str(repo_dir / 'tools/dist_train.sh'), config, '2']
    command += ['--work-dir', str(two), '--cfg-options']
    options['train_dataloader.batch_size'] = 8
    command += [f'{key}={value}' for key, value in options.items()]
    environment = dict(os.environ, PYTHON=sys.executable, OMP_NUM_THREADS='1')
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=280, env=environment
    )
    assert done.returncode == 0, done.stderr[-2000:]
    start = weights(one / 'iter_4.pth')
    alone, shared = weights(one / 'iter_5.pth'), weights(two / 'iter_5.pth')
    moved = [(alone[key] - start[key]).abs().max() for key in alone]
    assert max(moved) > 1e-4
    for key in alone:
        torch.testing.assert_close(shared[key], alone[key], rtol=1e-4, atol=1e-6)
    assert os.path.basename(best(one)) == os.path.basename(best(two))


@pytest.mark.parametrize(
    ('changes', 'words'),
    [
        ({'train_dataloader.dataset.fraction': 0}, 'fraction must be in (0, 1], got 0'),
        (
            {f'{loader}.dataset.split_scheme': 'mrm' for loader in LOADERS},
            'mrm.csv: no such split list',
        ),
        ({'train_dataloader.dataset.uncertain': 'one'}, "mean 'ones'"),
    ],
)
def test_mistake_is_one_line(synthetic_dir, tiny, tmp_path, capsys, changes, words):
    config = tiny(CHESTX)
    options = on_synthetic(synthetic_dir) | changes
    assert train(config, str(tmp_path), cfg_options=options) == 2
    error = capsys.readouterr().err
    assert words in error and error.count('\n') == 1


def test_empty_test_split(synthetic_dir, tiny, tmp_path, capsys):
    """A list of which no test film is there: one line, no number."""
    data = tmp_path / 'data'
    data.mkdir()
    for name in ('images', 'table.csv'):
        (data / name).symlink_to(synthetic_dir / name)
    (data / 'splits').mkdir()
    lines = (synthetic_dir / 'splits/official.csv').read_text().splitlines()
    gone = [f'gone-{line}' if line.endswith(',test') else line for line in lines]
    (data / 'splits/official.csv').write_text('\n'.join(gone))
    config = tiny(CHESTX)
    options = on_synthetic(data) | {'train_cfg.max_iters': 1}
    run = tmp_path / 'run'
    assert train(config, str(run), cfg_options=options) == 0
    assert evaluate(config, best(run), str(run), cfg_options=options) == 2
    number = sum(line.endswith(',test') for line in lines)
    assert f"none of the {number} images that it lists in 'test' is in the table" in (
        capsys.readouterr().err
    )
    assert not (run / 'results.json').exists()
