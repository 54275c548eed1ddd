"""Settings tried on validation and tested once, on the toy regression."""

import json
from pathlib import Path

import pytest
import toy_parts
from test_fractions import QUIET, Here, load

from mmcxr.engine.config_file import ConfigError
from mmcxr.studies import fractions
from mmcxr.studies.fractions import run_fractions
from mmcxr.studies.setting_grid import short_names
from mmcxr.studies.trained_cell import TrainedCell

BEST = "default_hooks['checkpoint'] = dict(save_best='toy/error', rule='less')\n"
RATE, BATCH = 'optim_wrapper.optimizer.lr', 'train_dataloader.batch_size'
RATES = {RATE: [0.0, 0.05]}


@pytest.fixture
def config(tmp_path, repo_dir, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(toy_parts.ToyRegressor, 'LOSSES', [])
    return toy_parts.write_config(tmp_path, repo_dir, QUIET + BEST)


@pytest.fixture
def here(monkeypatch):
    return Here(monkeypatch)


def tools(commands) -> list[tuple[str, str]]:
    """Tool and folder of each command."""
    return [
        (Path(c[1]).stem, Path(c[c.index('--work-dir') + 1]).name) for c in commands
    ]


def written() -> dict:
    return json.loads(Path('grid/fractions.json').read_text())


def test_the_best_in_validation_is_tested_once(config, here):
    said = []
    options = dict(
        fractions=[100], seeds=[3, 4], work_dir='grid', grid=RATES, execute=here
    )
    entries, failures = run_fractions(config, say=said.append, **options)
    assert failures == []
    assert tools(here.commands) == [
        ('train', '100pct_lr=0.0_seed3'),
        ('train', '100pct_lr=0.05_seed3'),
        ('test', '100pct_lr=0.05_seed3'),
        ('train', '100pct_lr=0.05_seed4'),
        ('test', '100pct_lr=0.05_seed4'),
    ]
    (row,) = written()['grid']
    assert row['chosen'] == {RATE: 0.05} and row['seed'] == 3
    assert (row['metric'], row['rule']) == ('toy/error', 'less')
    # Values are those of validation, the best of three epochs; no training, no change.
    still, moved = (trial['value'] for trial in row['tried'])
    assert moved < still
    for trial, value in zip(('lr=0.0', 'lr=0.05'), (still, moved), strict=True):
        (log,) = Path('grid', f'100pct_{trial}_seed3').glob('*/vis_data/scalars.json')
        rows = map(json.loads, log.read_text().splitlines())
        assert value == min(r['toy/error'] for r in rows if 'toy/error' in r)
    assert [run['seed'] for run in entries[0]['runs']] == [3, 4]
    assert any('lr=0.05' in line and line.endswith('<- taken') for line in said)
    assert '[4/4] 100 %, seed 4, lr=0.05' in said

    here.commands.clear()
    again = run_fractions(config, say=said.append, **options)
    assert again == (entries, []) and here.commands == []
    assert written()['grid'] == [row]


def test_each_fold_chooses_for_itself(config, here, monkeypatch):
    """Whatever the validation says: here that it is best to stay, on one fold."""
    validated = TrainedCell.validated

    def turned(cell):
        value = validated(cell)
        return -value if cell.scheme == 'fold2' else value

    monkeypatch.setattr(TrainedCell, 'validated', turned)
    _, failures = run_fractions(
        config, [50], [0], 'grid', ['fold1', 'fold2'], grid=RATES, execute=here,
        say=list,
    )  # fmt: skip
    assert failures == []
    found = {(r['percent'], r['scheme']): r['chosen'][RATE] for r in written()['grid']}
    assert found == {(50, 'fold1'): 0.05, (50, 'fold2'): 0.0}
    tested = {folder for tool, folder in tools(here.commands) if tool == 'test'}
    assert tested == {'50pct_fold1_lr=0.05_seed0', '50pct_fold2_lr=0.0_seed0'}


def test_a_trial_that_fails_is_not_taken(config, here):
    def diverging(command, log):
        if '_lr=0.05' in str(log):
            log.write_text('error: loss is nan\n')
            return 2
        return here(command, log)

    grid = {**RATES, BATCH: [2, 4]}
    entries, failures = run_fractions(
        config, [100], [0], 'grid', grid=grid, execute=diverging, say=list
    )
    assert len(failures) == 2 and all('loss is nan' in text for text in failures)
    (row,) = written()['grid']
    values = [trial['value'] for trial in row['tried']]
    assert [value is None for value in values] == [False, False, True, True]
    assert values[0] == values[1] and row['chosen'] == {RATE: 0.0, BATCH: 2}  # a tie
    assert written()['failures'] == failures and len(entries) == 1

    here.commands.clear()
    entries, failures = run_fractions(
        config, [100], [0], 'other', grid={RATE: [0.05]}, execute=diverging, say=list
    )
    assert entries == [] and failures[1] == '100 %: no setting has a value to go by'


@pytest.mark.parametrize(
    ('options', 'words'),
    [
        (dict(grid={RATE: [0.1, 0.1]}), 'lr has the values 0.1, 0.1; name each'),
        (dict(grid={RATE: []}), 'lr has the values none'),
        (dict(grid={'optim_wrapper.optimiser.lr': [1]}), "did you mean 'optimizer'"),
        (dict(grid=RATES, cfg_options={RATE: 1.0}), 'as an option and in the grid'),
    ],
)
def test_mistakes_before_anything_runs(config, here, options, words):
    with pytest.raises(ConfigError, match=words):
        run_fractions(config, [100], [0], 'grid', execute=here, **options)
    assert here.commands == [] and not Path('grid').exists()


def test_a_config_that_keeps_no_best_checkpoint(tmp_path, repo_dir, here, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = toy_parts.write_config(tmp_path, repo_dir, QUIET)
    with pytest.raises(ConfigError, match='set default_hooks.checkpoint.save_best'):
        run_fractions(config, [100], [0], 'grid', grid=RATES, execute=here)
    assert here.commands == []


def test_short_names():
    assert short_names(['a.lr', 'b.c.size']) == {'a.lr': 'lr', 'b.c.size': 'size'}
    assert short_names(['a.lr', 'b.lr']) == {'a.lr': 'a.lr', 'b.lr': 'b.lr'}


def test_tool(config, here, monkeypatch, capsys, repo_dir):
    monkeypatch.setattr(fractions, 'run_command', here)
    main = load(repo_dir / 'tools/misc/run_fractions.py').main
    args = [str(config), '--seeds', '0', '--work-dir', 'grid', '--grid']
    assert main([*args, f'{RATE}=0.0,0.05', f'{BATCH}=4']) == 0
    assert 'lr=0.05, batch_size=4: toy/error' in capsys.readouterr().out
    assert written()['grid'][0]['chosen'] == {RATE: 0.05, BATCH: 4}
    with pytest.raises(SystemExit):
        main([*args, 'lr'])
    assert '--grid take KEY=VALUE' in capsys.readouterr().err
