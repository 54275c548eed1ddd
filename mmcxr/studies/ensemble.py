"""Several test runs as one: scores averaged film by film, and measured again.

CheXzero is published so, as the mean probability of its ten best files.
"""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd

from mmcxr.engine.run_spec import versions
from mmcxr.evaluation.functional.comparison import UnequalSpecsError, differences
from mmcxr.evaluation.functional.results import (
    build_results,
    read_results,
    write_results,
    write_scores,
)
from mmcxr.evaluation.metrics import ClassificationMetric

PREFIX = ClassificationMetric.default_prefix
# Of the metric, which its settings state.
_ARGUMENTS = ('classes', 'task', 'uncertain', 'threshold', 'threshold_origin')
_IDENTITY = ['image', 'patient_id']


def average_runs(folders: Sequence[str | Path], out: str | Path) -> dict:
    """Average the scores of test runs, and write results as one run would.

    Args:
        folders: of at least two runs, each with ``results.json`` and
            ``scores.csv.gz`` of a :class:`ClassificationMetric`, under one protocol.
        out: folder for the same two files.

    Returns:
        What was written to ``results.json``.

    Raises:
        FileNotFoundError: a run lacks one of its files.
        UnequalSpecsError: the runs were measured differently, or on other films.
        ValueError: fewer than two runs, or scores that are no probabilities.
    """
    folders = [Path(folder) for folder in folders]
    if len(folders) < 2:
        raise ValueError('an ensemble is of two runs or more')
    runs = [read_results(folder / 'results.json') for folder in folders]
    tables = [
        pd.read_csv(folder / 'scores.csv.gz', dtype={'patient_id': str})
        for folder in folders
    ]
    first = runs[0]
    protocol = dict(first['spec']['protocol'])
    settings = protocol.pop('metrics').get(PREFIX)
    if settings is None or settings.get('standardise'):
        raise ValueError(f'{folders[0]}: only probabilities of classes can be averaged')
    for folder, run, table in zip(folders[1:], runs[1:], tables[1:], strict=True):
        _check_alike(folder, first, run, tables[0], table)
    table = tables[0].copy()
    scores = [name for name in table if name.startswith('score_')]
    table[scores] = np.mean([t[scores].to_numpy() for t in tables], axis=0)
    metric = _measured(table, settings, first['intervals'][PREFIX]['num_resamples'])
    results = build_results(
        protocol,
        _model_of(runs),
        versions(),
        {PREFIX: metric.report},
        first['overlap'],
        lacking=first['lacking'],
    )
    write_scores(Path(out) / 'scores.csv.gz', metric.per_image)
    write_results(Path(out) / 'results.json', results)
    return results


def _check_alike(
    folder: Path, one: dict, other: dict, films: pd.DataFrame, others: pd.DataFrame
) -> None:
    pair = (run['spec']['protocol'] for run in (one, other))
    found = [f'{path}: {a!r} | {b!r}' for path, a, b in differences(*pair)]
    known = [name for name in films if not name.startswith('score_')]
    if not found and not (
        list(films) == list(others) and films[known].equals(others[known])
    ):
        found = ['the films, their order or their labels']
    if found:
        raise UnequalSpecsError(
            '\n  '.join([f'{folder} was measured differently from the first:', *found])
        )


def _measured(
    table: pd.DataFrame, settings: dict, num_resamples: int
) -> ClassificationMetric:
    """The metric of the runs, on a table per film."""
    arguments = {key: settings[key] for key in _ARGUMENTS if key in settings}
    metric = ClassificationMetric(**arguments, num_resamples=num_resamples)
    classes = settings['classes']
    metric.dataset_meta = dict(classes=classes)
    metric.score_classes = classes
    labels = table[[f'label_{name}' for name in classes]].to_numpy(np.float32)
    if settings['task'] == 'multiclass':
        labels = labels.argmax(axis=1)[:, None]
    scores = table[[f'score_{name}' for name in classes]].to_numpy(np.float32)
    identities = table[_IDENTITY].astype(object).where(table[_IDENTITY].notna(), None)
    rows = [
        dict(identity, scores=score, label=label)
        for identity, score, label in zip(
            identities.to_dict('records'), scores, labels, strict=True
        )
    ]
    metric.compute_metrics(rows)
    return metric


def _model_of(runs: Sequence[dict]) -> dict:
    """Facts of the first run's model, and the checkpoints of all."""
    models = [run['spec']['model'] for run in runs]
    digests = [str(model['checkpoint_sha256']) for model in models]
    return dict(
        models[0],
        name=f'{models[0]["name"]}, mean of {len(models)}',
        checkpoint=', '.join(str(model['checkpoint']) for model in models),
        checkpoint_sha256=sha256('\n'.join(digests).encode()).hexdigest(),
        members=models,
    )
