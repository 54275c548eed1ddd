"""Ranked models: values, intervals, and paired differences."""

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from mmcxr.evaluation.functional.paired import MeanAUROC, rank_models


@pytest.fixture
def films():
    """Labels of 130 films of 60 patients, and a score that knows something."""
    random = np.random.default_rng(5)
    labels = (random.random((130, 3)) < 0.4).astype(float)
    labels[random.random((130, 3)) < 0.1] = np.nan
    patients = [f'p{n}' for n in random.integers(0, 60, 130)]
    scores = np.nan_to_num(labels, nan=0.5) + random.normal(0, 1, (130, 3))
    return labels, patients, scores, random


def oracle(scores, labels, weighted=False):
    known = ~np.isnan(labels)
    values = [roc_auc_score(labels[k, c], scores[k, c]) for c, k in enumerate(known.T)]
    weights = (labels == 1).sum(0) if weighted else None
    return np.average(values, weights=weights)


@pytest.mark.parametrize('weighted', [False, True])
def test_values_are_scikit_learns_under_any_resample(films, weighted):
    labels, _, scores, random = films
    statistic = MeanAUROC(scores, labels, np.arange(130), weighted)
    draws = random.integers(0, 4, (130, 7))
    found = statistic(torch.from_numpy(draws.astype(np.float32)))
    for column, value in zip(draws.T, found, strict=True):
        rows = np.repeat(np.arange(130), column)
        assert value == pytest.approx(oracle(scores[rows], labels[rows], weighted))


def test_the_order_and_what_is_told_apart(films):
    labels, patients, scores, random = films
    noise = random.normal(0, 1, scores.shape)
    runs = dict(
        good=[scores],
        noise=[noise],
        same=[2 * scores + 1],
        alike=[scores + 0.02 * noise],
    )
    entries = rank_models(runs, labels, patients, num_resamples=300)
    by_name = {entry['model']: entry for entry in entries}
    assert entries[-1]['model'] == 'noise' and [e['rank'] for e in entries] == [
        1,
        2,
        3,
        4,
    ]
    for name in runs:
        assert by_name[name]['value'] == pytest.approx(oracle(runs[name][0], labels))
        low, high = by_name[name]['ci95']
        assert low < by_name[name]['value'] < high
    assert entries[0]['below_best'] is None
    assert by_name['noise']['below_best']['distinguishable']
    for entry in entries[1:-1]:
        assert not entry['below_best']['distinguishable']
        width = np.ptp(entry['below_best']['ci95'])
        assert width < np.ptp(entry['ci95']) / 3  # paired: the films are the same


def test_differences_are_those_of_single_resamples(films):
    """The oracle draws patients one by one and scores both models on them."""
    labels, patients, scores, random = films
    other = scores + random.normal(0, 1, scores.shape)
    runs = dict(a=[scores], b=[other])
    _, second = rank_models(runs, labels, patients, num_resamples=200, seed=9)
    names = list(dict.fromkeys(patients))
    draws = np.random.default_rng(9)
    found = []
    for _ in range(200):
        chosen = draws.integers(0, len(names), len(names))
        rows = np.concatenate(
            [np.flatnonzero(np.array(patients) == names[c]) for c in chosen]
        )
        pair = [oracle(s[rows], labels[rows]) for s in (scores, other)]
        found.append(pair[0] - pair[1])
    expected = np.percentile(found, [2.5, 97.5])
    assert np.allclose(second['below_best']['ci95'], expected)


def test_seeds_are_averaged(films):
    labels, patients, scores, random = films
    seeds = [scores + random.normal(0, 0.5, scores.shape) for _ in range(3)]
    (entry,) = rank_models(dict(a=seeds), labels, patients, num_resamples=20)
    values = [oracle(s, labels) for s in seeds]
    assert entry['value'] == pytest.approx(np.mean(values))
    assert entry['std'] == pytest.approx(np.std(values, ddof=1))
    assert entry['runs'] == pytest.approx(values)


def test_nothing_to_rank_by(films):
    _, patients, scores, _ = films
    labels = np.zeros((130, 3))
    (entry,) = rank_models(dict(a=[scores]), labels, patients, num_resamples=5)
    assert entry['value'] is None and entry['ci95'] is None
