"""Settings tried on validation, of which the best is taken.

A trial is a training with the first seed; its value is that of its best checkpoint on
the validation split. Tests are of the chosen setting alone.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import product

from mmcxr.engine.config_file import ConfigError

from .trained_cell import TrainedCell

Grid = Mapping[str, Sequence]


def settings_of(grid: Grid) -> list[dict]:
    """Every combination of the values; one without any where there is no grid.

    Raises:
        ConfigError: a key without values, or a value that is named twice.
    """
    for key, values in grid.items():
        if not values or any(values.count(value) > 1 for value in values):
            raise ConfigError(
                f'grid: {key} has the values {", ".join(map(str, values)) or "none"}; '
                'name each of those to try once'
            )
    return [dict(zip(grid, values, strict=True)) for values in product(*grid.values())]


def short_names(keys: Sequence[str]) -> dict[str, str]:
    """The last part of each dotted key, or all of it where another ends alike."""
    last = [key.rpartition('.')[2] for key in keys]
    return {
        key: key if last.count(name) > 1 else name
        for key, name in zip(keys, last, strict=True)
    }


def choose(
    trials: Sequence[TrainedCell],
    train: Callable[[TrainedCell], bool],
    say: Callable[[str], None],
) -> dict:
    """Train all trials of one fraction and scheme, and take the best.

    A trial that fails is one without a value: its rate may be too high.

    Args:
        trials: of unequal settings, in their order; the first of equals is taken.
        train: trains one; whether it succeeded.
        say: told the values.

    Returns:
        ``percent``, ``scheme``, ``seed``, ``metric``, ``rule``, ``tried`` (each with
        its ``setting`` and ``value``, None of a failed one) and ``chosen``, a setting
        or None.
    """
    first = trials[0]
    metric, rule = first.criterion()
    tried = [
        dict(setting=trial.setting, value=trial.validated() if train(trial) else None)
        for trial in trials
    ]
    known = [row for row in tried if row['value'] is not None]
    best = max if rule == 'greater' else min
    chosen = best(known, key=lambda row: row['value'])['setting'] if known else None
    for trial, row in zip(trials, tried, strict=True):
        mark = ' <- taken' if row['setting'] == chosen else ''
        shown = 'has no value' if row['value'] is None else f'{row["value"]:.4f}'
        say(f'  {trial.setting_text}: {metric} {shown}{mark}')
    return dict(
        percent=first.percent,
        scheme=first.scheme,
        seed=first.seed,
        metric=metric,
        rule=rule,
        tried=tried,
        chosen=chosen,
    )
