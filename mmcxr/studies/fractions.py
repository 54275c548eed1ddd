"""A grid of trainings and tests: label fractions, folds and seeds of one config.

A cell is one training and the test of its best checkpoint, in a folder of its own and
by the commands a user would type. A seed changes what the run draws: the start of the
head, the order of the films, their augmentation, and what is dropped. It does not
change which films a fraction holds: they are those that the split scheme lists, or are
drawn with ``fraction_seed``, so that the spread is that of training.

A grid of settings is tried with the first seed, for each fraction and fold by itself;
the best in validation is then tested, and repeated with the other seeds.
"""

from collections.abc import Mapping, Sequence
from itertools import count, groupby, product
from pathlib import Path

from mmengine.config import DictAction

from mmcxr.engine.config_file import ConfigError, load_checked_config, run_name
from mmcxr.evaluation.functional.repeats import Repeat, repeats_table, summarise
from mmcxr.evaluation.functional.results import write_results
from mmcxr.evaluation.functional.tables import aligned

from .setting_grid import Grid, choose, settings_of, short_names
from .sweep import Say, Sweep
from .trained_cell import Execute, TrainedCell, run_command

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
    execute: Execute | None = None,
    say: Say = print,
) -> tuple[list[dict], list[str]]:
    """Train and test every cell that is not finished yet, and sum up.

    Writes ``fractions.json`` into the work folder, once a cell is finished: the entries
    that are returned, the failures, and what was tried of a grid.

    Args:
        config: of all films; its ``fractions`` say what differs at a fraction. Where
            ``<config>_10pct.py`` lies beside it, 10 % is that config.
        fractions: per cent of the training films.
        seeds: of the runs.
        work_dir: by default ``work_dirs/<name of the run>_fractions``, see
            :func:`mmcxr.engine.config_file.run_name`.
        schemes: split schemes (folds) to run each on, in place of the config's.
        gpus: processes of each run; the batch of the config is that of one process.
        cfg_options: dotted key -> value, merged into each config.
        grid: dotted key -> values to try, see :mod:`.setting_grid`.
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
        config, fractions, seeds, work_dir, schemes, gpus, cfg_options, grid, execute
    )
    groups = [
        list(group) for _, group in groupby(cells, lambda c: (c.percent, c.scheme))
    ]
    total = len(cells)
    if grid:  # all settings with one seed, then one with all
        total = len(cells) // len(seeds) + len(groups) * len(seeds)
    number, sweep = count(1), Sweep()

    def indented(text: str) -> None:
        say(f'  {text}')

    def head(cell: TrainedCell) -> None:
        say(f'[{next(number)}/{total}] {cell.name}')

    def train(trial: TrainedCell) -> bool:
        head(trial)
        return sweep.attempt(trial.name, lambda: trial.try_out(indented), indented)

    repeats, tried = [], []
    for group in groups:
        if grid:
            trials = [cell for cell in group if cell.seed == seeds[0]]
            tried.append(choose(trials, train, say))
            chosen = tried[-1]['chosen']
            group = [cell for cell in group if cell.setting == chosen]
            if chosen is None:
                share = trials[0].share
                sweep.failures.append(f'{share}: no setting has a value to go by')
        for cell in group:
            head(cell)
            if results := sweep.run(cell, indented):
                place = cell.percent, cell.scheme, cell.seed
                repeats.append(
                    Repeat(*place, str(cell.folder / 'results.json'), results)
                )
    entries = summarise(repeats)
    if entries:  # else the file is perhaps another grid's
        file = work_dir / 'fractions.json'
        written = dict(config=str(config), entries=entries, failures=sweep.failures)
        write_results(file, written | (dict(grid=tried) if grid else {}))
        say(aligned(repeats_table(entries, repeats)))
        say(f'written to {file}')
    return entries, sweep.failures


def plan_cells(
    config: str | Path,
    fractions: Sequence[float],
    seeds: Sequence[int],
    work_dir: Path,
    schemes: Sequence[str] = (),
    gpus: int = 1,
    cfg_options: Mapping | None = None,
    grid: Grid | None = None,
    execute: Execute = run_command,
) -> list[TrainedCell]:
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
            parts = [f'{percent:g}pct', scheme, *said, f'seed{seed}']
            folder = work_dir / '_'.join(filter(None, parts)).replace('/', '-')
            cells.append(
                TrainedCell(
                    folder, percent, scheme, seed, gpus, file, cfg, tuple(text),
                    setting, ', '.join(said), execute,
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
