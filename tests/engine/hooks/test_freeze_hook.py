"""Parts that wait, and what happens to them when they no longer do."""

import os
import subprocess
import sys

import pytest
import torch
import toy_parts
from engine.tiny_run import tiny_run

from mmcxr.engine.checkpoint_file import load_checkpoint_file
from mmcxr.engine.config_file import ConfigError
from mmcxr.engine.hooks import FreezeHook


class Watch(FreezeHook):
    """Notes after each iteration what the model is."""

    def __init__(self, iters):
        super().__init__(['body'], iters)
        self.seen = []

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        model = runner.model
        self.seen.append(
            dict(
                body=[p.detach().clone() for p in model.body.parameters()],
                mean=model.body[1].running_mean.clone(),
                head=model.head.weight.detach().clone(),
                rate=runner.optim_wrapper.param_groups[0]['lr'],
            )
        )


class Stopping(Watch):
    """Stops in the second epoch."""

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        super().before_train_iter(runner, batch_idx, data_batch)
        if runner.iter == 2:
            raise KeyboardInterrupt


def run(folder, hook, name, epochs=2, **options):
    runner = tiny_run(folder, epochs, name, **options)
    start = [p.detach().clone() for p in runner.model.body.parameters()]
    runner.register_hook(hook)
    runner.train()
    return runner, start


def still(seen, start) -> bool:
    same = all(map(torch.equal, seen['body'], start))
    return same and torch.equal(seen['mean'], torch.zeros(5))


def test_body_waits_for_the_head(tmp_path):
    """Two iterations an epoch; held for three, over the end of an epoch."""
    hook = Watch(iters=3)
    runner, start = run(tmp_path, hook, 'wait')
    assert [still(seen, start) for seen in hook.seen] == [True, True, True, False]
    heads = [seen['head'] for seen in hook.seen]
    assert not any(map(torch.equal, heads, heads[1:]))
    body = runner.model.body
    assert body.training and all(p.requires_grad for p in body.parameters())
    assert not torch.equal(hook.seen[3]['mean'], hook.seen[2]['mean'])


def test_what_was_frozen_before_stays_so(tmp_path):
    hook = Watch(iters=1)
    runner = tiny_run(tmp_path, 1, 'frozen')
    runner.model.body[0].weight.requires_grad_(False)
    before = runner.model.body[0].weight.detach().clone()
    runner.register_hook(hook)
    runner.train()
    assert torch.equal(runner.model.body[0].weight, before)
    assert not runner.model.body[0].weight.requires_grad
    assert runner.model.body[0].bias.requires_grad


def test_resumed_run_goes_on_where_it_was(tmp_path):
    whole, rest = Watch(3), Watch(3)
    run(tmp_path / 'whole', whole, 'whole', 3)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / 'parts', Stopping(3), 'first', 3)
    runner = tiny_run(tmp_path / 'parts', 3, 'rest', resume=True)
    runner.register_hook(rest)
    runner.train()
    assert len(rest.seen) == 4
    for one, other in zip(whole.seen[2:], rest.seen, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0)


def test_run_shorter_than_the_wait(tmp_path):
    hook = Watch(iters=9)
    runner, start = run(tmp_path, hook, 'short')
    assert all(still(seen, start) for seen in hook.seen)
    assert all(p.requires_grad for p in runner.model.parameters())


def test_mistakes(tmp_path):
    with pytest.raises(ValueError, match='iters is 0'):
        FreezeHook(['body'], 0)
    with pytest.raises(ConfigError, match="no part 'backbone'.*are .*body"):
        run(tmp_path, FreezeHook('backbone', 1), 'typo')


@pytest.mark.slow
@pytest.mark.dist
def test_two_processes(tmp_path, repo_dir):
    """Parameters without gradient are no trouble, before and after the release."""
    extra = (
        "model['norm_cfg'] = dict(type='BN')\nfind_unused_parameters = True\n"
        "custom_hooks = [dict(type='FreezeHook', modules=['norm'], iters=3)]\n"
        'train_cfg = dict(by_epoch=True, max_epochs=3, val_interval=3)\n'
    )
    config = toy_parts.write_config(tmp_path, repo_dir, extra)
    path = os.pathsep.join([str(repo_dir), str(repo_dir / 'tests')])
    command = ['bash', str(repo_dir / 'tools/dist_train.sh'), str(config), '2']
    done = subprocess.run(
        [*command, '--work-dir', str(tmp_path / 'run')],
        env=dict(os.environ, PYTHON=sys.executable, PYTHONPATH=path),
        capture_output=True, text=True, timeout=200,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    weights = load_checkpoint_file(tmp_path / 'run/epoch_3.pth')['state_dict']
    assert (weights['norm.weight'] != 1).any()
