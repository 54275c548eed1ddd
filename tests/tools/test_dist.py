"""Several processes on the CPU: the scripts, and equality with one process."""

import json
import os
import subprocess
import sys

import pytest
import torch
import toy_parts

from mmcxr.engine.launch import train

# Without dropout, which differs between ranks on purpose.
PLAIN = """
model = dict(type='ToyRegressor', channels=3, dropout=0.0)
train_dataloader['batch_size'] = {batch}
train_cfg['max_epochs'] = 2
{more}
"""


def logged(work_dir, key: str) -> list[float]:
    (path,) = work_dir.glob('*/vis_data/scalars.json')
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    return [row[key] for row in rows if key in row]


def script(repo_dir, name: str, *args) -> subprocess.CompletedProcess:
    path = os.pathsep.join([str(repo_dir / 'tests'), os.environ.get('PYTHONPATH', '')])
    python = sys.executable
    env = dict(os.environ, PYTHONPATH=path, OMP_NUM_THREADS='1', PYTHON=python)
    command = ['bash', str(repo_dir / 'tools' / name), *map(str, args)]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=280)


def run_script(*args) -> subprocess.CompletedProcess:
    """The script, which must succeed; its first traceback otherwise."""
    done = script(*args)
    assert done.returncode == 0, done.stderr[:4000]
    return done


@pytest.mark.slow
@pytest.mark.dist
def test_two_processes_equal_one(tmp_path, repo_dir):
    """Loss of each update, error of each epoch, and the test of the last weights."""
    window = 'log_processor = dict(window_size=1)'
    window = 'log_processor = dict(window_size=1)'
    one, two = tmp_path / 'one', tmp_path / 'two'
    for folder in (one, two):
        folder.mkdir()
    config = toy_parts.write_config(one, repo_dir, PLAIN.format(batch=8, more=window))
    assert train(str(config), work_dir=str(one / 'run')) == 0
    config = toy_parts.write_config(two, repo_dir, PLAIN.format(batch=4, more=window))
    run_script(repo_dir, 'dist_train.sh', config, 2, '--work-dir', two / 'run')
    for key, count in (('whole', 4), ('toy/error', 2)):
        found = logged(two / 'run', key)
        assert len(found) == count
        assert found == pytest.approx(logged(one / 'run', key), rel=1e-5)

    out, point = tmp_path / 'tested', two / 'run/epoch_2.pth'
    run_script(repo_dir, 'dist_test.sh', config, point, 2, '--work-dir', out)
    (result,) = out.glob('*/*.json')
    tested = json.loads(result.read_text())['toy/error']
    assert tested == pytest.approx(found[-1], rel=1e-6)


@pytest.mark.slow
@pytest.mark.dist
def test_batch_statistics_are_shared_between_ranks(tmp_path, repo_dir):
    more = "sync_bn = 'torch'\nmodel['norm_cfg'] = dict(type='SyncBN')"
    config = toy_parts.write_config(
        tmp_path, repo_dir, PLAIN.format(batch=4, more=more)
    )
    out = tmp_path / 'run'
    done = run_script(repo_dir, 'dist_train.sh', config, 2, '--work-dir', out, '--amp')
    assert 'SyncBN needs a GPU' in done.stdout
    weights = torch.load(out / 'epoch_2.pth', weights_only=False)['state_dict']
    # 2 epochs of 2 updates; each rank starts at 0 and saw its own half of the points.
    # What an epoch's end shares is the mean of what the ranks have seen.
    x = torch.stack([p['x'] for p in toy_parts.ToyPoints(length=16)])
    assert weights['norm.num_batches_tracked'] == 4 and weights['mask'].all()
    mean = weights['norm.running_mean'] / (1 - 0.9**4)
    assert (mean - x.mean(0)).abs().max() < 0.25


def test_scripts_print_their_usage(repo_dir):
    for name in ('dist_train.sh', 'dist_test.sh', 'slurm_train.sh'):
        done = script(repo_dir, name)
        assert done.returncode == 2 and f'tools/{name}' in done.stderr
