"""The command lines of train and test, run in this process."""

import importlib.util
import json
import subprocess
import sys

import pytest
import torch
import toy_parts
from mmengine.config import Config
from torch import nn

from mmcxr.engine import launch, optim_wrapper


@pytest.fixture
def config(tmp_path, repo_dir, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(toy_parts.ToyRegressor, 'LOSSES', [])
    return toy_parts.write_config(tmp_path, repo_dir)


@pytest.fixture
def tool(repo_dir, monkeypatch):
    """Call a tool with arguments; returns its exit code."""

    def call(name: str, *args) -> int:
        path = repo_dir / 'tools' / f'{name}.py'
        spec = importlib.util.spec_from_file_location(name, path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        monkeypatch.setattr(sys, 'argv', [str(path), *map(str, args)])
        return module.main()

    return call


ONE = ['--cfg-options', 'train_cfg.max_epochs=2']


def test_train_then_test(config, tool, tmp_path):
    assert tool('train', config, *ONE) == 0
    work_dir = tmp_path / 'work_dirs/toy'
    saved = torch.load(work_dir / 'epoch_2.pth', weights_only=False)
    assert saved['meta']['epoch'] == 2 and len(toy_parts.ToyRegressor.LOSSES) == 8
    log = (work_dir / 'toy.py').read_text()
    assert "work_dir='work_dirs/toy'" in log.replace(' ', '')
    # The test is given what was trained, so it measures what was validated.
    out = tmp_path / 'tested'
    checkpoint = work_dir / 'epoch_2.pth'
    assert tool('test', config, checkpoint, '--work-dir', out) == 0
    tested = json.loads(next(out.glob('*/*.json')).read_text())['toy/error']
    logs = next(work_dir.glob('*/vis_data/scalars.json')).read_text().splitlines()
    validated = [json.loads(line).get('toy/error') for line in logs][-1]
    assert tested == pytest.approx(validated)
    assert Config.fromfile(out / 'toy.py').load_from == str(checkpoint)


def test_what_is_meant_to_be_so_is_told_to_the_log_file(config, tool, tmp_path, capsys):
    assert tool('train', config, *ONE) == 0
    checkpoint = tmp_path / 'work_dirs/toy/epoch_2.pth'
    capsys.readouterr()
    assert tool('test', config, checkpoint, '--work-dir', tmp_path / 'tested') == 0
    printed = capsys.readouterr()
    log = next(tmp_path.glob('tested/*/*.log')).read_text()
    line = 'Loads checkpoint by '
    assert line not in printed.out + printed.err
    assert line in log


def test_amp_computes_in_bfloat16(config, tool, monkeypatch):
    seen = []
    forward = nn.Linear.forward

    def noting(self, x):
        y = forward(self, x)
        seen.append((self.training, y.dtype))
        return y

    monkeypatch.setattr(nn.Linear, 'forward', noting)
    # As on a CPU that has it.
    monkeypatch.setattr(optim_wrapper, 'has_bfloat16', lambda device: True)
    assert tool('train', config, '--amp', *ONE) == 0
    assert set(seen) == {(True, torch.bfloat16), (False, torch.float32)}
    seen.clear()
    assert tool('train', config, '--amp', *ONE, 'val_cfg.fp16=True') == 0
    assert set(seen) == {(True, torch.bfloat16), (False, torch.bfloat16)}


def test_auto_scale_lr(config, tool, tmp_path):
    options = [*ONE, 'auto_scale_lr.base_batch_size=16']
    config.write_text(config.read_text() + 'auto_scale_lr = dict(enable=False)\n')
    assert tool('train', config, '--auto-scale-lr', *options) == 0
    logs = next(tmp_path.glob('work_dirs/toy/*/vis_data/scalars.json')).read_text()
    rates = [json.loads(line).get('lr', 0) for line in logs.splitlines()]
    assert max(rates) == pytest.approx(0.05 * 4 / 16)


@pytest.mark.parametrize(
    ('args', 'line'),
    [
        (['--cfg-options', 'modle.dropout=0'], "did you mean 'model'?"),
        (['--cfg-options', 'model.dropot=0'], "did you mean 'dropout'?"),
        (['--cfg-options', 'train_dataloader.dataset.data_root=fims'], "'films'?"),
        (['--cfg-options', 'load_from=epoch_9.pth'], 'no checkpoint at epoch_9.pth'),
        (['--cfg-options', 'train_cfg=None'], 'train_cfg: the config has none'),
        (['--cfg-options', 'param_scheduler.warmup=-1'], 'a warm-up of -4 is negative'),
        (['--resume', 'epoch_9.pth'], 'no checkpoint at epoch_9.pth'),
        (['--auto-scale-lr'], 'no auto_scale_lr=dict(base_batch_size=...)'),
        (
            ['--amp', '--cfg-options', 'optim_wrapper.type=AmpOptimWrapper'],
            "--amp replaces 'OptimWrapper'",
        ),
    ],
)
def test_mistake_is_one_line_and_exit_code_2(config, tool, capsys, args, line):
    (config.parent / 'films').mkdir(exist_ok=True)
    assert tool('train', config, *args) == 2
    error = capsys.readouterr().err
    assert error.startswith('error: ') and line in error
    assert error.count('\n') == 1 and 'Traceback' not in error


def test_two_mistakes_are_two_lines(config, tool, capsys):
    options = ['model.dropot=0', 'optim_wrapper.optimizer.lrr=1']
    assert tool('train', config, '--cfg-options', *options) == 2
    assert capsys.readouterr().err.count('\n') == 2


def test_a_loader_without_workers_may_keep_their_options(tmp_path, repo_dir, tool):
    extra = 'train_dataloader.update(persistent_workers=True, prefetch_factor=4)'
    path = toy_parts.write_config(tmp_path, repo_dir, extra)
    assert tool('train', path, '--work-dir', tmp_path / 'run', *ONE) == 0


def test_option_that_is_no_pair(config, tool, capsys):
    with pytest.raises(SystemExit) as stop:
        tool('train', config, '--cfg-options', 'max_epochs')
    assert stop.value.code == 2 and 'KEY=VALUE' in capsys.readouterr().err


def test_bug_keeps_its_traceback(config, monkeypatch):
    monkeypatch.setattr(toy_parts.ToyRegressor, 'forward', lambda *a, **k: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        launch.train(str(config))


@pytest.mark.parametrize('change', ['lacks', 'has'])
def test_checkpoint_must_fill_the_model(config, tool, capsys, tmp_path, change):
    weights = {'linear.weight': torch.ones(1, 3), 'linear.bias': torch.ones(1)}
    if change == 'lacks':
        del weights['linear.bias']
    else:
        weights['head.weight'] = torch.ones(2)
    torch.save(dict(state_dict=weights), tmp_path / 'a.pth')
    for args in (['test', config, 'a.pth'], ['train', config, *ONE, 'load_from=a.pth']):
        assert tool(*args) == 2
        error = capsys.readouterr().err
        assert 'linear.bias' in error if change == 'lacks' else 'head.weight' in error
        assert error.count('\n') == 1


def test_test_of_a_missing_checkpoint(config, tool, capsys):
    assert tool('test', config, 'gone.pth') == 2
    assert capsys.readouterr().err == 'error: no checkpoint at gone.pth\n'


def test_noise_is_not_logged(config, tool, capsys):
    paramwise = 'optim_wrapper.paramwise_cfg.bias_lr_mult=1.0'
    assert tool('train', config, *ONE, paramwise) == 0
    said = capsys.readouterr()
    for noise in launch.NOISE:
        assert noise not in said.out + said.err


def test_sync_bn_on_a_cpu_becomes_batch_norm(config, capsys):
    options = {
        'model.norm_cfg': dict(type='SyncBN'),
        'sync_bn': 'torch',
        'train_cfg.max_epochs': 2,
    }
    assert launch.train(str(config), cfg_options=options) == 0
    assert 'SyncBN needs a GPU' in capsys.readouterr().out


def test_script_says_one_line(config, repo_dir):
    """The real process: nothing but the line, and exit code 2."""
    command = [sys.executable, str(repo_dir / 'tools/train.py'), 'tyo.py']
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2 and done.stdout == ''
    assert done.stderr == "error: no config at tyo.py; did you mean 'toy.py'?\n"


def test_one_rank_speaks_for_all(config, tool, capsys, monkeypatch):
    monkeypatch.setenv('RANK', '1')
    assert tool('train', 'tyo.py') == 2
    assert capsys.readouterr().err == ''
