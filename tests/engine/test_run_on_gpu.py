"""Launcher, autocast and compilation on a GPU; skipped where there is none."""

import json
import os
import subprocess
import sys

import pytest
import torch
import toy_parts

from mmcxr.engine.launch import train

pytestmark = pytest.mark.skipif(
    not torch.cuda.is_available(), reason='needs a GPU that torch can use'
)
QUICK = """
train_cfg['max_epochs'] = 2
{more}
"""


def logged(work_dir, key: str) -> list[float]:
    (path,) = work_dir.glob('*/vis_data/scalars.json')
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    return [row[key] for row in rows if key in row]


@pytest.mark.parametrize(
    'more',
    [
        '',
        "optim_wrapper['type'] = 'AutocastOptimWrapper'",
        'compile = True',
        "custom_hooks = [dict(type='mmcxr.CompileHook')]",
        "custom_hooks = [dict(type='mmcxr.CompileHook', mode='reduce-overhead')]",
        "sync_bn = 'torch'\nmodel['norm_cfg'] = dict(type='BN')",
    ],
    ids=['float32', 'bfloat16', 'compile', 'hook', 'replayed', 'sync_bn'],
)
def test_a_run_on_the_gpu(tmp_path, repo_dir, more):
    config = toy_parts.write_config(tmp_path, repo_dir, QUICK.format(more=more))
    assert train(str(config), work_dir=str(tmp_path / 'run')) == 0
    errors = logged(tmp_path / 'run', 'toy/error')
    assert len(errors) == 2 and all(error < 10 for error in errors)


def test_nccl_of_one_process(tmp_path, repo_dir):
    config = toy_parts.write_config(tmp_path, repo_dir, QUICK.format(more=''))
    path = os.pathsep.join([str(repo_dir / 'tests'), os.environ.get('PYTHONPATH', '')])
    command = ['bash', str(repo_dir / 'tools/dist_train.sh'), str(config), '1']
    command += ['--work-dir', str(tmp_path / 'run')]
    done = subprocess.run(
        command,
        env=dict(os.environ, PYTHONPATH=path, PYTHON=sys.executable),
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    alone = tmp_path / 'alone'
    assert train(str(config), work_dir=str(alone)) == 0
    found = logged(tmp_path / 'run', 'loss')
    assert found == pytest.approx(logged(alone, 'loss'), rel=1e-5)
