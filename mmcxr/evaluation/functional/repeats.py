"""Means and standard deviations over repeated evaluations: seeds and folds.

One evaluation is a label fraction, a split scheme (a fold) and a seed. Evaluations of
one fraction are averaged; nothing is that was measured under unequal protocols.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from .comparison import UnequalSpecsError, differences
from .tables import format_interval, format_number, format_overlap

# What a fraction, and what a fold, is by nature another in.
_BY_FRACTION = ('train_fraction',)
_BY_SCHEME = ('split_scheme', 'images')


class Repeat(NamedTuple):
    """One evaluation of several.

    Args:
        percent: share of the training films, 100 is all.
        scheme: split scheme, where there are several; else empty.
        seed: of the training.
        file: where the result is from, for messages.
        results: contents of ``results.json``.
    """

    percent: float
    scheme: str
    seed: int
    file: str
    results: dict


def check_repeats(repeats: Sequence[Repeat]) -> None:
    """Refuse evaluations that differ in more than fraction, scheme and seed.

    Raises:
        UnequalSpecsError: they do; the message says in what.
        ValueError: two are of one fraction, scheme and seed.
    """
    seen: dict[tuple, str] = {}
    for percent, scheme, seed, file, _ in repeats:
        if (other := seen.setdefault((percent, scheme, seed), file)) != file:
            raise ValueError(f'{other} and {file} are the same cell')
    lines = []
    for number, repeat in enumerate(repeats):
        earlier = repeats[:number]
        same_share = [r for r in earlier if r.percent == repeat.percent]
        same_fold = [r for r in earlier if r.scheme == repeat.scheme]
        # One of each kind says all: equality is transitive.
        for others, free in (
            (earlier, _BY_FRACTION + _BY_SCHEME),
            (same_share, _BY_SCHEME),
            (same_fold, _BY_FRACTION),
        ):
            found = list(_differences(others[0], repeat, free)) if others else []
            if found:
                lines.append(f'  {others[0].file} | {repeat.file}')
                lines += [f'    {path}: {a!r} | {b!r}' for path, a, b in found]
                break
    if lines:
        raise UnequalSpecsError(
            '\n'.join(['these were measured differently and have no mean:', *lines])
        )


def summarise(
    repeats: Sequence[Repeat], metrics: Iterable[str] | None = None
) -> list[dict]:
    """Mean and standard deviation of each metric at each fraction.

    Where there are several schemes, seeds are averaged first and the mean and the
    standard deviation are over schemes; else over seeds.

    Args:
        repeats: of equal protocols, see :func:`check_repeats`.
        metrics: ``prefix/name``; by default all that belong to no single class.

    Returns:
        One entry for each fraction and metric, in order of appearance: ``percent``,
        ``metric``, ``mean``, ``std`` (of a sample, divisor n - 1; None for one),
        ``over`` ('seeds' or 'schemes'), ``count`` of these, ``baseline`` (None where
        folds have unequal ones), ``runs`` (each with ``scheme``, ``seed``, ``value``,
        ``ci95`` and ``file``). The mean is None where a value is undefined.

    Raises:
        ValueError: a result lacks one of the metrics.
    """
    check_repeats(repeats)
    entries = []
    for percent in dict.fromkeys(r.percent for r in repeats):
        rows = [r for r in repeats if r.percent == percent]
        names = metrics or [
            name
            for name, entry in rows[0].results['metrics'].items()
            if 'class' not in entry
        ]
        entries += [_entry(percent, name, rows) for name in names]
    return entries


def repeats_table(entries: Sequence[dict], repeats: Sequence[Repeat]) -> list[list]:
    """Rows of cells: each run with its interval, then the mean of its fraction.

    Args:
        entries: from :func:`summarise`.
        repeats: what they are of.
    """
    names = list(dict.fromkeys(entry['metric'] for entry in entries))
    rows = [['films', 'run', *names]]
    for percent in dict.fromkeys(r.percent for r in repeats):
        share = f'{percent:g} %'
        columns = [
            next(e for e in entries if (e['percent'], e['metric']) == (percent, name))
            for name in names
        ]
        runs = [r for r in repeats if r.percent == percent]
        for number, run in enumerate(runs):
            cells = [_cell(column['runs'][number]) for column in columns]
            overlap = format_overlap(run.results['overlap'])
            label = ' '.join(filter(None, [run.scheme, f'seed {run.seed}']))
            rows.append(
                [share, f'{label} (overlap: {overlap})' if overlap else label, *cells]
            )
        over = f'mean ± std of {columns[0]["count"]} {columns[0]["over"]}'
        rows.append([share, over, *map(_mean_cell, columns)])
    baselines = {e['metric']: format_number(e['baseline']) for e in entries}
    rows.append(['', 'trivial baseline', *(baselines[name] for name in names)])
    return rows


def _differences(one: Repeat, other: Repeat, free: tuple[str, ...]):
    protocols = [
        {key: value for key, value in r.results['spec']['protocol'].items()
         if key not in free}
        for r in (one, other)
    ]  # fmt: skip
    return differences(*protocols)


def _entry(percent: float, name: str, rows: list[Repeat]) -> dict:
    runs = []
    for row in rows:
        if name not in row.results['metrics']:
            known = ', '.join(row.results['metrics'])
            raise ValueError(f'{row.file} has no {name}; it has {known}')
        found = row.results['metrics'][name]
        runs.append(
            dict(
                scheme=row.scheme,
                seed=row.seed,
                value=found['value'],
                ci95=found['ci95'],
                file=row.file,
            )
        )
    schemes = list(dict.fromkeys(run['scheme'] for run in runs))
    groups = [
        [run['value'] for run in runs if run['scheme'] == scheme] for scheme in schemes
    ]
    over = 'schemes' if len(schemes) > 1 else 'seeds'
    groups = groups if len(schemes) > 1 else [[value] for value in groups[0]]
    defined = all(value is not None for group in groups for value in group)
    values = [float(np.mean(group)) for group in groups] if defined else []
    baselines = {r.results['baselines'].get(name, {}).get('value') for r in rows}
    return dict(
        percent=percent,
        metric=name,
        mean=float(np.mean(values)) if defined else None,
        std=float(np.std(values, ddof=1)) if len(values) > 1 else None,
        over=over,
        count=len(groups),
        baseline=baselines.pop() if len(baselines) == 1 else None,
        runs=runs,
    )


def _cell(run: dict) -> str:
    parts = format_number(run['value']), format_interval(run['ci95'])
    return ' '.join(filter(None, parts))


def _mean_cell(entry: dict) -> str:
    if entry['std'] is None:
        return format_number(entry['mean'])
    return f'{format_number(entry["mean"])} ± {format_number(entry["std"])}'
