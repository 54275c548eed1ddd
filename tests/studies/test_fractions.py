"""The grid of fractions, folds and seeds, on the toy regression."""

import contextlib
import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import toy_parts

from mmcxr.engine.config_file import ConfigError
from mmcxr.studies import fractions
from mmcxr.studies.fractions import option_text, plan_cells, run_fractions

QUIET = "\nlog_level = 'ERROR'\n"
ERROR = 'toy/error'


@pytest.fixture
def config(tmp_path, repo_dir, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(toy_parts.ToyRegressor, 'LOSSES', [])
    return toy_parts.write_config(tmp_path, repo_dir, QUIET)


def load(path: Path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Here:
    """Runs the tools in this process, and keeps what it was asked to run."""

    def __init__(self, monkeypatch):
        self.monkeypatch = monkeypatch
        self.commands = []

    def __call__(self, command: list[str], log: Path) -> int:
        self.commands.append(command)
        script = Path(command[1])
        self.monkeypatch.setattr(sys, 'argv', command[1:])
        with log.open('a') as file, contextlib.redirect_stderr(file):
            return load(script).main()

    def said(self, option: str) -> list[str]:
        """What stands behind an option in each training."""
        trained = [c for c in self.commands if c[1].endswith('train.py')]
        return [command[command.index(option) + 1] for command in trained]


@pytest.fixture
def here(monkeypatch):
    return Here(monkeypatch)


def grid(config, here, said=None, **kwargs):
    kwargs = dict(fractions=[50, 100], seeds=[0, 3], work_dir='grid') | kwargs
    said = [] if said is None else said
    return run_fractions(config, execute=here, say=said.append, **kwargs)


def test_grid_then_nothing_more_to_do(config, here, tmp_path):
    said = []
    entries, failures = grid(config, here, said)
    assert failures == [] and len(here.commands) == 8
    assert here.said('--seed') == ['0', '3', '0', '3']
    folders = ['50pct_seed0', '50pct_seed3', '100pct_seed0', '100pct_seed3']
    assert here.said('--work-dir') == [f'grid/{name}' for name in folders]
    # No number that is not in a results.json.
    values = []
    for name, share in zip(folders, [0.5, 0.5, 1, 1], strict=True):
        results = json.loads(Path('grid', name, 'results.json').read_text())
        assert results['spec']['protocol']['train_fraction'] == [share]
        values.append(results['metrics'][ERROR]['value'])
    assert len(set(values)) == 4
    for entry, pair in zip(entries, (values[:2], values[2:]), strict=True):
        assert entry['mean'] == pytest.approx(np.mean(pair))
        assert entry['std'] == pytest.approx(np.std(pair, ddof=1))
        assert [run['value'] for run in entry['runs']] == pair
    table = said[-2]
    assert f'{values[0]:.3f}' in table and 'mean ± std of 2 seeds' in table
    written = json.loads(Path('grid/fractions.json').read_text())
    assert written['entries'] == entries and written['failures'] == []

    again = grid(config, here)
    assert again == (entries, []) and len(here.commands) == 8


def test_half_the_films_are_half_the_updates(config, here):
    grid(config, here, seeds=[0])
    assert len(toy_parts.ToyRegressor.LOSSES) == 6 + 12


def test_killed_cell_goes_on(config, here, monkeypatch):
    """SIGKILL while the first cell trains; all else is done, then the cell too."""
    # The process that is killed reads its films slowly, this one does not.
    monkeypatch.setattr(toy_parts, 'time', SimpleNamespace(sleep=lambda _: None))
    slow = config.with_name('slow.py')
    slow.write_text(
        "_base_ = './toy.py'\ntrain_dataloader = dict(dataset=dict(delay=0.1))\n"
    )
    options = dict(fractions=[100], seeds=[0, 1])
    whole, _ = grid(config, here, work_dir='whole', **options)
    whole_losses = list(toy_parts.ToyRegressor.LOSSES)

    def killed(command, log):
        if not log.parent.name.endswith('seed0'):
            return here(command, log)
        path = os.pathsep.join(sys.path)
        process = subprocess.Popen(
            command, env=dict(os.environ, PYTHONPATH=path, OMP_NUM_THREADS='1')
        )
        deadline = time.monotonic() + 120
        while not (log.parent / 'last_checkpoint').exists():
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        log.write_text('line one\n\nlast line\n')
        return process.wait()

    entries, failures = grid(slow, killed, **options)
    assert failures == ['100 %, seed 0: train ended with -9: last line']
    assert [run['seed'] for run in entries[0]['runs']] == [1]
    assert entries[0]['std'] is None

    toy_parts.ToyRegressor.LOSSES.clear()
    here.commands.clear()
    entries, failures = grid(slow, here, **options)
    resumed = toy_parts.ToyRegressor.LOSSES
    assert failures == [] and len(here.commands) == 2
    assert 0 < len(resumed) < 12
    assert resumed == whole_losses[:12][-len(resumed) :]
    assert entries[0]['mean'] == pytest.approx(whole[0]['mean'])


def test_trained_but_not_tested(config, here):
    def no_test(command, log):
        if command[1].endswith('test.py'):
            log.write_text('error: no space left\nmore\n')
            return 2
        return here(command, log)

    options = dict(fractions=[100], seeds=[0])
    entries, failures = grid(config, no_test, **options)
    assert entries == [] and failures == [
        '100 %, seed 0: test ended with 2: no space left'
    ]
    here.commands.clear()
    entries, failures = grid(config, here, **options)
    assert failures == [] and len(entries) == 1
    assert [Path(command[1]).name for command in here.commands] == ['test.py']


def test_a_fraction_has_its_own_config_where_there_is_one(config, here):
    own = config.with_name('toy_50pct.py')
    text = "_base_ = './toy.py'\ntrain_dataloader = dict(dataset=dict(fraction={}))\n"
    own.write_text(text.format(0.5) + 'train_cfg = dict(max_epochs=1)\n')
    grid(config, here, seeds=[0])
    assert [Path(command[2]).name for command in here.commands[::2]] == [
        'toy_50pct.py',
        'toy.py',
    ]
    assert len(toy_parts.ToyRegressor.LOSSES) == 2 + 12
    own.write_text(text.format(0.25))
    with pytest.raises(ConfigError, match='fraction is 0.25, where 50 % is asked'):
        grid(config, here, seeds=[0], work_dir='other')
    with pytest.raises(ConfigError, match='fraction is 0.25, where 100 %'):
        grid(own, here, fractions=[100], work_dir='other')


def test_a_config_says_itself_what_differs_at_a_fraction(config, here):
    own = 'fractions = [dict(fraction=0.5, train_cfg=dict(max_epochs=1))]\n'
    config.write_text(config.read_text() + own)
    _, failures = grid(config, here, seeds=[0])
    assert failures == [] and len(toy_parts.ToyRegressor.LOSSES) == 2 + 12
    spec = json.loads(Path('grid/50pct_seed0/cell.json').read_text())['spec']
    assert spec['config']['train_cfg']['max_epochs'] == 1


def test_folds(config, here):
    entries, failures = grid(
        config, here, fractions=[100], seeds=[0], schemes=['fold1', 'fold2']
    )
    assert failures == []
    (entry,) = entries
    assert entry['over'] == 'schemes' and entry['count'] == 2
    assert [run['scheme'] for run in entry['runs']] == ['fold1', 'fold2']
    results = json.loads(Path('grid/100pct_fold2_seed0/results.json').read_text())
    assert results['spec']['protocol']['split_scheme'] == 'fold2'


def test_another_experiment_in_the_folder_is_left_alone(config, here):
    options = dict(fractions=[100], seeds=[0])
    before, _ = grid(config, here, **options)
    # Where a run reads its films from how many workers does not matter.
    same = {'train_dataloader.num_workers': 1}
    assert grid(config, here, cfg_options=same, **options) == (before, [])
    number = len(here.commands)
    entries, failures = grid(
        config, here, cfg_options={'model.dropout': 0.1}, **options
    )
    assert entries == [] and len(here.commands) == number
    assert json.loads(Path('grid/fractions.json').read_text())['entries'] == before
    assert 'grid/100pct_seed0 is of another experiment' in failures[0]
    assert 'config.model.dropout: 0.5 | 0.1' in failures[0]


def test_other_weights_to_start_from_are_another_experiment(config, here, tmp_path):
    """Under the same name too."""
    import torch

    def start(value):
        weights = {'linear.weight': torch.full((1, 3), value)}
        weights['linear.bias'] = torch.zeros(1)
        torch.save(dict(state_dict=weights), 'start.pth')

    options = dict(fractions=[100], seeds=[0], cfg_options=dict(load_from='start.pth'))
    start(1.0)
    _, failures = grid(config, here, **options)
    assert failures == []
    start(2.0)
    _, failures = grid(config, here, **options)
    assert 'files.start.pth' in failures[0]


def test_changed_checkpoint_is_tested_again(config, here):
    options = dict(fractions=[100], seeds=[0])
    grid(config, here, **options)
    checkpoint = Path('grid/100pct_seed0/epoch_3.pth')
    results = checkpoint.with_name('results.json')
    before = results.read_text()
    checkpoint.write_bytes(checkpoint.with_name('epoch_2.pth').read_bytes())
    here.commands.clear()
    grid(config, here, **options)
    assert [Path(command[1]).name for command in here.commands] == ['test.py']
    assert results.read_text() != before
    # Without its checkpoints, to save space, a finished cell is still one.
    for file in checkpoint.parent.glob('*.pth'):
        file.unlink()
    entries, _ = grid(config, here, **options)
    assert len(here.commands) == 1 and len(entries) == 1
    results.unlink()
    _, failures = grid(config, here, **options)
    assert len(here.commands) == 1 and 'checkpoint is gone' in failures[0]


def test_a_folder_of_something_else_is_refused(config, here):
    folder = Path('grid/100pct_seed0')
    folder.mkdir(parents=True)
    (folder / 'thesis.tex').write_text('')
    _, failures = grid(config, here, fractions=[100], seeds=[0, 1])
    assert len(failures) == 1 and 'not empty and no cell' in failures[0]
    (folder / 'thesis.tex').unlink()
    (folder / 'cell.json').write_text('{}')
    _, failures = grid(config, here, fractions=[100], seeds=[0, 1])
    assert 'cell.json is damaged' in failures[0]


@pytest.mark.parametrize(
    ('changes', 'words'),
    [
        (dict(fractions=[0]), '0 % is no fraction'),
        (dict(fractions=[101]), '101 % is no fraction'),
        (dict(fractions=[1, 1]), 'a fraction is named twice: 1, 1'),
        (dict(seeds=[2, 2]), 'a seed is named twice'),
        (dict(config='tyo.py'), "no config at tyo.py; did you mean 'toy.py'"),
        (dict(cfg_options={'modle.dropout': 0}), "did you mean 'model'"),
        (dict(cfg_options={'model.norm_cfg': dict(type='BN')}), 'write a config'),
    ],
)
def test_mistakes_before_anything_runs(config, here, changes, words):
    with pytest.raises(ConfigError, match=words):
        grid(changes.pop('config', config), here, **changes)
    assert here.commands == [] and not Path('grid').exists()


def test_processes(config):
    (cell,) = plan_cells(config, [100], [7], Path('grid'), gpus=2)
    command = cell.command('train')
    assert command[0] == 'bash' and command[1].endswith('dist_train.sh')
    assert command[2:4] == [str(config), '2'] and '--resume' in command
    assert Path(command[1]).is_file()


@pytest.mark.parametrize(
    'value', [1, 0.5, True, None, 'a/b.pth', [1, 2], (1, 2), ['a']]
)
def test_option_reads_as_it_was(value):
    from mmengine.config import DictAction

    key, text = option_text('key', value).split('=', 1)
    assert key == 'key' and DictAction._parse_iterable(text) == value


@pytest.mark.parametrize('value', ['1', 'my films', 'a,b', ['(', 2], {}])
def test_option_that_the_command_line_cannot_say(value):
    with pytest.raises(ConfigError, match='cannot be given'):
        option_text('key', value)


@pytest.mark.parametrize(('code', 'exit_code'), [(0, 0), (3, 1)])
def test_tool(config, here, monkeypatch, capsys, repo_dir, code, exit_code):
    def execute(command, log):
        seed_one = log.parent.name.endswith('seed1')
        if code and seed_one:
            log.write_text('error: out of luck\n')
        return code if code and seed_one else here(command, log)

    monkeypatch.setattr(fractions, 'run_command', execute)
    main = load(repo_dir / 'tools/misc/run_fractions.py').main
    args = [str(config), '--fractions', '50', '--seeds', '0', '1']
    options = ['--cfg-options', 'train_cfg.max_epochs=1']
    assert main([*args, *options]) == exit_code
    said = capsys.readouterr()
    assert Path('work_dirs/toy_fractions/50pct_seed0/results.json').is_file()
    assert 'toy/error' in said.out
    if code:
        assert said.err == 'failed: 50 %, seed 1: train ended with 3: out of luck\n'
    assert main([*args[:2], '0']) == 2
    assert capsys.readouterr().err.startswith('error: 0 % is no fraction')


@pytest.mark.slow
@pytest.mark.dist
def test_real_processes(config, repo_dir, monkeypatch):
    """As the command line does it, with two processes each."""
    monkeypatch.setenv('PYTHONPATH', str(repo_dir / 'tests'))
    monkeypatch.setenv('OMP_NUM_THREADS', '1')
    said = []
    entries, failures = run_fractions(
        config, [100], [0], 'grid', gpus=2, say=said.append,
        cfg_options={'train_cfg.max_epochs': 1},
    )  # fmt: skip
    assert failures == [] and entries[0]['count'] == 1
    log = Path('grid/100pct_seed0/output.txt').read_text()
    assert log.startswith('$ bash ') and 'dist_test.sh' in log
