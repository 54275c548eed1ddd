"""Deferred losses: the same numbers as mmengine's hook, fetched less often."""

import json

import pytest
import torch
import toy_parts

from mmcxr.engine.hooks.runtime_info_hook import DeferredRuntimeInfoHook
from mmcxr.engine.launch import train

BY_ITER = """
train_cfg = dict(by_epoch=False, max_iters=11, val_interval=100)
param_scheduler = dict(type='WarmupCosineLR', warmup=3, by_epoch=False, end=11)
log_processor = dict(by_epoch=False)
default_hooks = dict(
    logger=dict(interval=4), checkpoint=dict(by_epoch=False, interval=3))
"""
BY_EPOCH = 'default_hooks = dict(logger=dict(interval=3))\n'


CLIPPED = "optim_wrapper['clip_grad'] = dict(max_norm=0.5)\n"


@pytest.mark.parametrize('kind', [BY_ITER, BY_EPOCH, BY_EPOCH + CLIPPED])
def test_same_numbers_everywhere(tmp_path, repo_dir, kind):
    logs, histories = [], []
    for name in ('DeferredRuntimeInfoHook', 'RuntimeInfoHook'):
        folder = tmp_path / name
        folder.mkdir()
        more = f"{kind}default_hooks['runtime_info'] = dict(type='{name}')\n"
        config = toy_parts.write_config(folder, repo_dir, more)
        assert train(str(config), work_dir=str(folder / 'run')) == 0
        (log,) = folder.glob('run/*/vis_data/scalars.json')
        rows = [json.loads(line) for line in log.read_text().splitlines()]
        keys = ('loss', 'lr', *(['grad_norm'] if CLIPPED in kind else []))
        logs.append([[row[key] for key in keys] for row in rows if 'loss' in row])
        for path in sorted(folder.glob('run/*.pth')):
            hub = torch.load(path, weights_only=False)['message_hub']
            histories.append((path.name, hub['log_scalars']['train/loss'].data[0]))
    assert logs[0] == logs[1] and logs[0]
    half = len(histories) // 2
    for (name, ours), (other, theirs) in zip(
        histories[:half], histories[half:], strict=True
    ):
        assert name == other and ours.tolist() == theirs.tolist()


class NoItem(torch.Tensor):
    """A tensor that must not be read one by one."""

    def item(self):
        raise AssertionError('the device was waited for')


def test_nothing_is_read_between_two_logs(monkeypatch):
    hook, seen = DeferredRuntimeInfoHook(), []
    monkeypatch.setattr(hook, '_is_due', lambda runner, index: index == 2)

    class Runner:
        class message_hub:
            @staticmethod
            def update_scalar(name, value):
                seen.append((name, value))

    for index in range(3):
        assert not seen
        loss = torch.tensor(float(index)).as_subclass(NoItem)
        hook.after_train_iter(Runner, index, outputs=dict(loss=loss, accuracy=0.5))
    assert seen == [
        pair for i in range(3) for pair in (('train/loss', i), ('train/accuracy', 0.5))
    ]
