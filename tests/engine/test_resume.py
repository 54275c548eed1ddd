"""Resuming: the same losses as a run that nobody stopped."""

import os
import signal
import subprocess
import sys
import time

import pytest
import toy_parts

from mmcxr.engine.hooks.iter_seed_hook import seed_generators
from mmcxr.engine.launch import train

BY_EPOCH = ''
BY_ITER = """
train_dataloader['sampler'] = dict(type='InfiniteSampler', shuffle=True)
train_cfg = dict(by_epoch=False, max_iters=12, val_interval=5)
param_scheduler = dict(type='WarmupCosineLR', warmup=3, by_epoch=False, end=12)
default_hooks = dict(
    logger=dict(interval=4, log_metric_by_epoch=False),
    checkpoint=dict(by_epoch=False, interval=5))
log_processor = dict(by_epoch=False)
"""


@pytest.fixture
def losses(monkeypatch):
    """The list in which the toy model keeps its losses, empty."""
    monkeypatch.setattr(toy_parts.ToyRegressor, 'LOSSES', [])
    return toy_parts.ToyRegressor.LOSSES


def run(config, work_dir, losses, **kwargs) -> list[float]:
    losses.clear()
    assert train(str(config), work_dir=str(work_dir), **kwargs) == 0
    return list(losses)


class Stopped(Exception):
    pass


def stop_after(monkeypatch, iterations: int) -> None:
    forward = toy_parts.ToyRegressor.forward
    seen = []

    def stopping(self, x, y, sample_idx=None, mode='tensor'):
        seen.append(mode)
        if seen.count('loss') > iterations:
            raise Stopped
        return forward(self, x, y, sample_idx, mode)

    monkeypatch.setattr(toy_parts.ToyRegressor, 'forward', stopping)


@pytest.mark.parametrize(('kind', 'saved'), [(BY_EPOCH, 4), (BY_ITER, 5)])
def test_stopped_run_resumes_to_the_same_losses(
    tmp_path, repo_dir, monkeypatch, losses, kind, saved
):
    config = toy_parts.write_config(tmp_path, repo_dir, kind)
    whole = run(config, tmp_path / 'whole', losses)
    assert len(whole) == 12
    with monkeypatch.context() as patch:
        stop_after(patch, 7)
        with pytest.raises(Stopped):
            train(str(config), work_dir=str(tmp_path / 'stopped'))
    resumed = run(config, tmp_path / 'stopped', losses, resume='auto')
    assert resumed == whole[saved:]
    # From a named checkpoint into another folder, all the same.
    name = 'epoch_2.pth' if kind is BY_EPOCH else 'iter_10.pth'
    point = str(tmp_path / 'whole' / name)
    resumed = run(config, tmp_path / 'other', losses, resume=point)
    assert resumed == whole[8 if kind is BY_EPOCH else 10 :]


def test_resume_of_nothing_starts_anew_from_load_from(tmp_path, repo_dir, losses):
    config = toy_parts.write_config(tmp_path, repo_dir)
    whole = run(config, tmp_path / 'a', losses)
    assert run(config, tmp_path / 'b', losses, resume='auto') == whole
    options = dict(load_from=str(tmp_path / 'a' / 'epoch_3.pth'))
    tuned = run(config, tmp_path / 'c', losses, resume='auto', cfg_options=options)
    assert len(tuned) == 12 and tuned[0] < whole[0]


def test_seed_decides(tmp_path, repo_dir, losses):
    config = toy_parts.write_config(tmp_path, repo_dir)
    first = run(config, tmp_path / 'a', losses, seed=3)
    assert run(config, tmp_path / 'b', losses, seed=3) == first
    assert run(config, tmp_path / 'c', losses, seed=4) != first


def test_killed_process_resumes(tmp_path, repo_dir, losses):
    """SIGKILL in the middle of the second epoch, as an out-of-memory killer sends."""
    slow = (
        "train_dataloader['dataset']['delay'] = 0.25\n"
        "train_dataloader['num_workers'] = 1\n"
    )
    config = toy_parts.write_config(tmp_path, repo_dir, slow)
    work_dir = tmp_path / 'killed'
    path = os.pathsep.join([str(repo_dir / 'tests'), os.environ.get('PYTHONPATH', '')])
    process = subprocess.Popen(
        [sys.executable, str(repo_dir / 'tools/train.py'), str(config)]
        + ['--work-dir', str(work_dir)],
        env=dict(os.environ, PYTHONPATH=path, OMP_NUM_THREADS='1'),
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 120
    while not (work_dir / 'last_checkpoint').exists():
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.05)
    time.sleep(0.5)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    fast = toy_parts.write_config(tmp_path, repo_dir)
    whole = run(fast, tmp_path / 'whole', losses)
    resumed = run(fast, work_dir, losses, resume='auto')
    assert 0 < len(resumed) < 12 and resumed == whole[-len(resumed) :]


def test_generators_depend_on_seed_iteration_and_rank():
    import random

    import numpy as np
    import torch

    def drawn(*key):
        seed_generators(*key)
        return random.random(), np.random.rand(), torch.rand(1).item()

    base = drawn(1, 2, 3)
    assert drawn(1, 2, 3) == base
    for key in [(0, 2, 3), (1, 3, 3), (1, 2, 4), (2, 1, 3)]:
        assert all(a != b for a, b in zip(drawn(*key), base, strict=True))
