"""A grid of trainings and tests: label fractions, folds and seeds of one config.

A cell is one training and the test of its best checkpoint, in a folder of its own and
by the commands a user would type. A seed changes what the run draws: the start of the
head, the order of the films, their augmentation, and what is dropped. It does not
change which films a fraction holds: they are those that the split scheme lists, or are
drawn with ``fraction_seed``, so that the spread is that of training.

A grid of settings is tried with the first seed, for each fraction and fold by itself;
the best in validation is then tested, and repeated with the other seeds.
"""

import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import count, groupby, product
from pathlib import Path

from mmengine.config import DictAction

from mmcxr.apis.fraction_cell import Cell, CellError
from mmcxr.apis.fraction_grid import Grid, choose, settings_of, short_names
from mmcxr.engine.config_file import ConfigError, load_checked_config, run_name
from mmcxr.engine.preflight import last_checkpoint
from mmcxr.evaluation.functional.repeats import Repeat, repeats_table, summarise
from mmcxr.evaluation.functional.results import write_results
from mmcxr.evaluation.functional.tables import aligned

_LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')


def run_fractions(
    config: str | Path,
    fractions: Sequence[float] = (1, 10, 100),
    seeds: Sequence[int] = (0, 1, 2),
    work_dir: str | Path | None = None,
    schemes: Sequence[str] = (),
    gpus: int = 1,
    cfg_options: Mapping | None = None,
    grid: Grid | None = None,
    execute: Callable[[list[str], Path], int] | None = None,
    say: Callable[[str], None] = print,
) -> tuple[list[dict], list[str]]:
    """Train and test every cell that is not finished yet, and sum up.

    Writes ``fractions.json`` into the work folder, once a cell is finished: the entries
    that are returned, the failures, and what was tried of a grid.

    Args:
        config: of all films. Where ``<config>_10pct.py`` lies beside it, 10 % is that
            config; any other fraction is the same config with fewer films.
        fractions: per cent of the training films.
        seeds: of the runs.
        work_dir: by default ``work_dirs/<name of the run>_fractions``, see
            :func:`mmcxr.engine.config_file.run_name`.
        schemes: split schemes (folds) to run each on, in place of the config's.
        gpus: processes of each run; the batch of the config is that of one process.
        cfg_options: dotted key -> value, merged into each config.
        grid: dotted key -> values to try, see :mod:`.fraction_grid`.
        execute: runs a command, appends what it says to a file and returns the exit
            code; by default a subprocess.
        say: told what happens.

    Returns:
        Entries of :func:`~mmcxr.evaluation.functional.repeats.summarise`, of the
        finished cells, and a message for each cell that failed.

    Raises:
        ConfigError: a config, fraction or option that cannot be used.
        UnequalSpecsError: the results are of unequal protocols.
    """
    work_dir = Path(work_dir or Path('work_dirs', f'{run_name(config)}_fractions'))
    execute, grid = execute or run_command, grid or {}
    cells = plan_cells(
        config, fractions, seeds, work_dir, schemes, gpus, cfg_options, grid
    )
    groups = [
        list(group) for _, group in groupby(cells, lambda c: (c.percent, c.scheme))
    ]
    total = len(cells)
    if grid:  # all settings with one seed, then one with all
        total = len(cells) // len(seeds) + len(groups) * len(seeds)
    number, failures = count(1), []

    def attempt(action: Callable[..., None], cell: Cell) -> bool:
        say(f'[{next(number)}/{total}] {cell.name}')
        try:
            action(cell, execute, say)
        except CellError as error:
            failures.append(f'{cell.name}: {error}')
            say(f'failed: {error}')
            return False
        return True

    taken, tried = [], []
    for group in groups:
        if grid:
            trials = [cell for cell in group if cell.seed == seeds[0]]
            tried.append(choose(trials, partial(attempt, _train), say))
            chosen = tried[-1]['chosen']
            group = [cell for cell in group if dict(cell.setting) == chosen]
            if chosen is None:
                failures.append(f'{trials[0].share}: no setting has a value to go by')
        for cell in group:
            attempt(_train_and_test, cell)
        taken += group
    repeats = [
        Repeat(c.percent, c.scheme, c.seed, str(c.folder / 'results.json'), results)
        for c in taken
        if (results := c.finished())
    ]
    entries = summarise(repeats)
    if entries:  # else the file is perhaps another grid's
        file = work_dir / 'fractions.json'
        written = dict(config=str(config), entries=entries, failures=failures)
        write_results(file, written | (dict(grid=tried) if grid else {}))
        say(aligned(repeats_table(entries, repeats)))
        say(f'written to {file}')
    return entries, failures


def plan_cells(
    config: str | Path,
    fractions: Sequence[float],
    seeds: Sequence[int],
    work_dir: Path,
    schemes: Sequence[str] = (),
    gpus: int = 1,
    cfg_options: Mapping | None = None,
    grid: Grid | None = None,
) -> list[Cell]:
    """The cells of a grid, their configs checked; see :func:`run_fractions`.

    Those of a fraction and a scheme follow each other, setting by setting.
    """
    for kind, values in (('fraction', fractions), ('seed', seeds), ('scheme', schemes)):
        if len(set(values)) < len(values):
            raise ConfigError(f'a {kind} is named twice: {", ".join(map(str, values))}')
    grid = grid or {}
    if both := sorted(set(grid) & set(cfg_options or {})):
        raise ConfigError(f'{", ".join(both)}: given as an option and in the grid')
    short, cells = short_names([*grid]), []
    for percent, scheme, setting in product(
        fractions, schemes or ('',), settings_of(grid)
    ):
        file, options = _config_of(Path(config), percent)
        folds = {f'{loader}.dataset.split_scheme': scheme for loader in _LOADERS}
        options |= (cfg_options or {}) | setting | (folds if scheme else {})
        text = [option_text(key, value) for key, value in options.items()]
        cfg = load_checked_config(file, options)
        found = cfg.train_dataloader.dataset.get('fraction', 1)
        if abs(found - percent / 100) > 1e-12:
            raise ConfigError(
                f'{file}: its fraction is {found}, where {percent:g} % is asked for'
            )
        said = [option_text(short[key], value) for key, value in setting.items()]
        for seed in seeds:
            name = [f'{percent:g}pct', scheme, *said, f'seed{seed}']
            folder = work_dir / '_'.join(filter(None, name)).replace('/', '-')
            cells.append(
                Cell(
                    percent, scheme, seed, gpus, file, cfg, tuple(text), folder,
                    tuple(setting.items()), ', '.join(said),
                )
            )  # fmt: skip
    if grid:
        for cell in cells:
            cell.criterion()
    return cells


def option_text(key: str, value) -> str:
    """``key=value`` as ``--cfg-options`` takes it.

    Raises:
        ConfigError: the command line cannot say this value.
    """

    def written(part) -> str:
        if isinstance(part, list | tuple):
            inner = ','.join(map(written, part))
            return f'[{inner}]' if isinstance(part, list) else f'({inner})'
        return str(part)

    text = written(value)
    try:
        read = DictAction._parse_iterable(text)
    except AssertionError:  # brackets
        read = None
    if type(read) is not type(value) or read != value:
        raise ConfigError(
            f'{key}: {value!r} cannot be given on the command line; write a config '
            'that has it'
        )
    return f'{key}={text}'


def run_command(command: list[str], log: Path) -> int:
    """Run a command with this Python and this package; its output goes to a file."""
    package = str(Path(__file__).parents[2])
    path = os.pathsep.join(filter(None, [package, os.environ.get('PYTHONPATH')]))
    environment = dict(os.environ, PYTHONPATH=path, PYTHON=sys.executable)
    with log.open('a', encoding='utf-8') as output:
        output.write(f'$ {shlex.join(command)}\n')
        output.flush()
        return subprocess.run(
            command, env=environment, stdout=output, stderr=subprocess.STDOUT
        ).returncode


def _config_of(config: Path, percent: float) -> tuple[Path, dict]:
    """Config file of a fraction, and what has to be changed in it."""
    if not 0 < percent <= 100:
        raise ConfigError(f'{percent:g} % is no fraction; it is above 0, 100 at most')
    beside = config.with_name(f'{config.stem}_{percent:g}pct{config.suffix}')
    if beside.is_file():
        return beside, {}
    if percent == 100:
        return config, {}
    return config, {'train_dataloader.dataset.fraction': percent / 100}


def _train(cell: Cell, execute: Callable[[list[str], Path], int], say) -> None:
    if cell.open():
        say('  trained before')
        return
    verb = 'goes on' if last_checkpoint(str(cell.folder)) else 'begins'
    say(f'  training {verb}; see {cell.log}')
    cell.run('train', execute)


def _train_and_test(cell: Cell, execute: Callable[[list[str], Path], int], say) -> None:
    cell.open()
    if cell.finished():
        say('  finished before')
        return
    _train(cell, execute, say)
    say('  testing')
    cell.run('test', execute)
    if not cell.finished():
        raise CellError('the test left no results.json of this cell')
