"""Runs averaged film by film."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from mmcxr.evaluation.functional.comparison import UnequalSpecsError
from mmcxr.evaluation.functional.results import (
    build_results,
    read_results,
    write_results,
    write_scores,
)
from mmcxr.evaluation.metrics import ClassificationMetric
from mmcxr.studies.ensemble import average_runs

CLASSES = ['Edema', 'Mass', 'Hernia']
N = 41
RNG = np.random.default_rng(0)
LABELS = (RNG.random((N, 3)) < 0.4).astype(np.float32)
LABELS[3, 1] = np.nan
SCORES = [RNG.random((N, 3)).astype(np.float32) for _ in range(3)]


def write_run(folder, scores, digest, task='multilabel', labels=LABELS, **protocol):
    """What ResultsHook writes after a test."""
    metric = ClassificationMetric(task=task, num_resamples=20)
    metric.dataset_meta = dict(classes=CLASSES)
    rows = [
        dict(
            image=f'{n}.png',
            patient_id=f'0{n // 2}',
            scores=scores[n],
            label=np.atleast_1d(labels[n]),
        )
        for n in range(len(scores))
    ]
    metric.compute_metrics(rows)
    model = dict(name='chexzero', checkpoint=f'{digest}.pt', checkpoint_sha256=digest)
    results = build_results(
        dict(dataset='toy', **protocol),
        model,
        {},
        {metric.default_prefix: metric.report},
    )
    write_results(folder / 'results.json', results)
    write_scores(folder / 'scores.csv.gz', metric.per_image)
    return folder


@pytest.fixture
def runs(tmp_path):
    return [
        write_run(tmp_path / str(i), scores, f'digest{i}')
        for i, scores in enumerate(SCORES)
    ]


def test_scores_are_averaged_and_measured_again(runs, tmp_path):
    results = average_runs(runs, tmp_path / 'out')
    mean = np.mean(SCORES, axis=0)
    table = pd.read_csv(tmp_path / 'out/scores.csv.gz')
    found = table[[f'score_{name}' for name in CLASSES]]
    np.testing.assert_allclose(found, mean, rtol=1e-6)
    known = ~np.isnan(LABELS)
    expected = [
        roc_auc_score(LABELS[known[:, c], c], mean[known[:, c], c]) for c in range(3)
    ]
    value = results['metrics']['classification/auroc']
    assert value['value'] == pytest.approx(np.mean(expected))
    assert value['ci95'][0] < value['value'] < value['ci95'][1]
    model = read_results(tmp_path / 'out/results.json')['spec']['model']
    assert model['name'] == 'chexzero, mean of 3' and len(model['members']) == 3
    one = read_results(runs[0] / 'results.json')
    assert results['protocol_hash'] == one['protocol_hash']  # one column of a table
    assert results['intervals'] == one['intervals']


def test_equal_runs_change_nothing(runs, tmp_path):
    again = write_run(tmp_path / 'again', SCORES[0], 'other')
    found = average_runs([runs[0], again], tmp_path / 'out')
    assert found['metrics'] == read_results(runs[0] / 'results.json')['metrics']


def test_exclusive_classes(tmp_path):
    labels = RNG.integers(0, 3, N)
    runs = [
        write_run(tmp_path / str(i), scores, f'd{i}', task='multiclass', labels=labels)
        for i, scores in enumerate(SCORES)
    ]
    results = average_runs(runs, tmp_path / 'out')
    expected = (np.mean(SCORES, axis=0).argmax(1) == labels).mean()
    value = results['metrics']['classification/accuracy']['value']
    assert value == pytest.approx(expected)


def test_unequal_runs(runs, tmp_path):
    other = write_run(tmp_path / 'other', SCORES[1], 'd', split='val')
    with pytest.raises(UnequalSpecsError, match="split: '.not there.' . 'val'"):
        average_runs([runs[0], other], tmp_path / 'out')
    fewer = write_run(tmp_path / 'fewer', SCORES[1][:-2], 'd')
    with pytest.raises(UnequalSpecsError, match='the films, their order or'):
        average_runs([runs[0], fewer], tmp_path / 'out')
    with pytest.raises(ValueError, match='two runs or more'):
        average_runs(runs[:1], tmp_path / 'out')
    with pytest.raises(FileNotFoundError):
        average_runs([runs[0], tmp_path / 'nothing'], tmp_path / 'out')
    assert not (tmp_path / 'out').exists()
