"""The report of a study: ranked tables, a figure, and both as data."""

import csv
import gzip
from pathlib import Path

import numpy as np

from mmcxr.evaluation.functional.labels import resolve_uncertain
from mmcxr.evaluation.functional.paired import rank_models
from mmcxr.evaluation.functional.results import write_results
from mmcxr.evaluation.functional.tables import (
    aligned,
    as_csv,
    format_interval,
    format_number,
)
from mmcxr.visualization.model_ranking import plot_rankings

from .probing import Measured
from .study import Study

_CHANCE = 0.5


def write_report(study: Study, finished: list[Measured], failures: list[str]) -> dict:
    """Rank, and write ``ranking.json``, ``ranking.csv`` and ``ranking.png``.

    Args:
        study: what was done.
        finished: cells that are done.
        failures: messages of those that failed.

    Returns:
        What ``ranking.json`` holds: ``metric``, ``rankings`` (each with ``probe``,
        ``budget`` and ``entries`` of :func:`rank_models`), ``left_out``, ``remarks``
        and ``failures``.
    """
    weighted = study.cxrlearn and study.data.exclusive
    kind = 'weighted by positives' if weighted else 'mean over classes'
    groups: dict[tuple[str, str], dict[str, list[Path]]] = {}
    for model, probe, budget, folder in finished:
        group = groups.setdefault((probe, budget), {})
        group.setdefault(model, []).append(folder)
    rankings = [
        dict(probe=probe, budget=budget, entries=_rank(study, folders, weighted))
        for (probe, budget), folders in groups.items()
    ]
    report = dict(
        metric=f'AUROC, {kind}',
        baseline=_CHANCE,
        dataset=study.data.name,
        classes=list(study.data.classes),
        preset='cxrlearn' if study.cxrlearn else 'default',
        rankings=rankings,
        left_out=list(study.data.left_out),
        remarks=list(study.data.remarks),
        failures=failures,
    )
    write_results(study.out / 'ranking.json', report)
    rows = as_csv(_data_rows(rankings))
    Path(study.out, 'ranking.csv').write_text(rows + '\n', encoding='utf-8')
    panels = {_title(ranking): ranking['entries'] for ranking in rankings}
    figure = plot_rankings(panels, report['metric'], _CHANCE)
    figure.savefig(study.out / 'ranking.png', dpi=150)
    return report


def ranking_lines(report: dict) -> list[str]:
    """The report as text: a table for each probe and number of films."""
    lines = []
    for ranking in report['rankings']:
        rows = [['', 'model', report['metric'], '95 % CI', 'below best', '']]
        rows += [_table_row(entry) for entry in ranking['entries']]
        rows.append(
            ['', 'trivial baseline', format_number(report['baseline']), '', '', '']
        )
        rows = [[' '.join(row[:2]).strip(), *row[2:]] for row in rows]
        lines += [_title(ranking), aligned(rows), '']
    lines += [
        '=: not distinguishable from the best; ~: from the model above (95 % interval',
        'of the difference on the same resampled patients holds 0; no correction for',
        'the number of comparisons)',
    ]
    return lines


def read_scores(
    folder: Path, classes: list[str]
) -> tuple[list[str], list[str], np.ndarray, np.ndarray]:
    """Images, patients, scores (N, C) and labels (N, C) of a cell."""
    with gzip.open(folder / 'scores.csv.gz', 'rt', encoding='utf-8') as file:
        rows = list(csv.DictReader(file))

    def table(kind: str) -> np.ndarray:
        cells = [[_value(row[f'{kind}_{name}']) for name in classes] for row in rows]
        return np.array(cells, np.float64).reshape(len(rows), len(classes))

    images, patients = ([row[key] for row in rows] for key in ('image', 'patient_id'))
    return images, patients, table('score'), table('label')


def _value(cell: str) -> float:
    """A number, an empty cell, or a label of exclusive classes as it is written."""
    words = {'': np.nan, 'True': 1.0, 'False': 0.0}
    return words[cell] if cell in words else float(cell)


def _rank(study: Study, folders: dict[str, list[Path]], weighted: bool) -> list[dict]:
    runs, seen = {}, None
    for model, found in folders.items():
        tables = [read_scores(folder, list(study.data.classes)) for folder in found]
        runs[model] = [scores for _, _, scores, _ in tables]
        for images, patients, _, labels in tables:
            seen = seen or (images, patients, labels)
            if images != seen[0]:
                raise ValueError(f'{model} was measured on other films than the rest')
    _, patients, labels = seen
    labels = resolve_uncertain(labels, study.uncertain)
    return rank_models(runs, labels, patients, weighted, study.num_resamples)


def _title(ranking: dict) -> str:
    return ', '.join(filter(None, [ranking['probe'], ranking['budget']]))


def _table_row(entry: dict) -> list[str]:
    value = format_number(entry['value'])
    if entry['std'] is not None:
        value += f' ± {format_number(entry["std"])} ({len(entry["runs"])} seeds)'
    best, previous = entry['below_best'], entry['below_previous']
    marks = ''
    if best is not None:
        marks = ('' if best['distinguishable'] else '=') + (
            '' if previous['distinguishable'] else '~'
        )
    return [
        str(entry['rank']),
        entry['model'],
        value,
        format_interval(entry['ci95']),
        ' '.join([format_number(best['value']), format_interval(best['ci95'])])
        if best
        else '',
        marks,
    ]


def _data_rows(rankings: list[dict]) -> list[list[str]]:
    head = 'probe budget rank model auroc low high std runs'.split()
    for kind in ('below_best', 'below_previous'):
        head += [kind, f'{kind}_low', f'{kind}_high', f'{kind}_distinguishable']
    rows = [head]
    for ranking in rankings:
        for entry in ranking['entries']:
            row = [ranking['probe'], ranking['budget'], entry['rank'], entry['model']]
            row += [entry['value'], *(entry['ci95'] or ['', '']), entry['std'] or '']
            row.append(len(entry['runs']))
            for kind in ('below_best', 'below_previous'):
                found = entry[kind]
                row += (
                    [found['value'], *(found['ci95'] or ['', ''])]
                    + [found['distinguishable']]
                    if found
                    else [''] * 4
                )
            rows.append([str(cell) for cell in row])
    return rows
