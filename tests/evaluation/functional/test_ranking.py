"""AUROC, average precision and best F1 against loops, sklearn and closed forms."""

import numpy as np
import pytest
import torch
from sklearn.metrics import average_precision_score, f1_score, roc_auc_score

from mmcxr.evaluation.functional.ranking import (
    Ranking,
    auroc,
    auroc_from_sums,
    average_precision,
    best_f1,
    precision_from_sums,
)


def tied_sample(seed, num=57, levels=9):
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 2, num)
    labels[:2] = 0, 1
    return generator.integers(0, levels, num) / levels, labels


def auroc_by_pairs(scores, labels):
    won = [
        (p > n) + 0.5 * (p == n)
        for p in scores[labels == 1]
        for n in scores[labels == 0]
    ]
    return np.mean(won)


@pytest.mark.parametrize('levels', [2, 9, 10**6])
@pytest.mark.parametrize('seed', range(5))
def test_auroc_equals_pairs_and_sklearn(seed, levels):
    scores, labels = tied_sample(seed, levels=levels)
    assert auroc(scores, labels) == pytest.approx(auroc_by_pairs(scores, labels))
    assert auroc(scores, labels) == pytest.approx(roc_auc_score(labels, scores))


@pytest.mark.parametrize('levels', [2, 9, 10**6])
@pytest.mark.parametrize('seed', range(5))
def test_average_precision_and_best_f1_equal_sklearn(seed, levels):
    scores, labels = tied_sample(seed, levels=levels)
    expected = average_precision_score(labels, scores)
    assert average_precision(scores, labels) == pytest.approx(expected)
    f1 = max(f1_score(labels, scores >= threshold) for threshold in np.unique(scores))
    assert best_f1(scores, labels) == pytest.approx(f1)


def test_closed_forms():
    labels = np.array([0, 0, 1, 1, 1])
    assert auroc([0, 1, 2, 3, 4], labels) == 1
    assert auroc([4, 3, 2, 1, 0], labels) == 0
    assert auroc(np.full(5, 0.3), labels) == 0.5
    assert average_precision(np.full(5, 0.3), labels) == pytest.approx(3 / 5)
    assert best_f1(np.full(5, 0.3), labels) == pytest.approx(2 * 0.6 / 1.6)
    assert average_precision([0, 1, 2, 3, 4], labels) == 1


@pytest.mark.parametrize('transform', [np.exp, lambda x: 7 * x - 3, np.arctan])
def test_monotone_transforms_change_nothing(transform):
    scores, labels = tied_sample(3)
    assert auroc(transform(scores), labels) == auroc(scores, labels)
    assert average_precision(transform(scores), labels) == average_precision(
        scores, labels
    )


def test_swapping_labels_and_turning_scores_leaves_auroc():
    scores, labels = tied_sample(4)
    assert auroc(-scores, 1 - labels) == pytest.approx(auroc(scores, labels))


@pytest.mark.parametrize('seed', range(3))
def test_weights_equal_repeated_items(seed):
    scores, labels = tied_sample(seed)
    clusters = np.random.default_rng(seed).integers(0, 13, len(scores))
    weights = np.random.default_rng(seed + 9).integers(0, 4, (13, 6))
    ranking = Ranking(scores, labels, clusters)
    sums = ranking.sums(torch.from_numpy(weights.astype(np.float32)))
    for column in range(6):
        repeats = weights[clusters, column]
        again = np.repeat(scores, repeats), np.repeat(labels, repeats)
        assert auroc_from_sums(sums)[column] == pytest.approx(auroc(*again))
        assert precision_from_sums(sums)[0][column] == pytest.approx(
            average_precision(*again)
        )


def test_a_side_without_weight_is_undefined():
    ranking = Ranking([1.0, 2.0, 3.0], [0, 1, 1])
    weights = torch.tensor([[0.0, 1.0, 1.0], [1.0, 0.0, 1.0], [1.0, 0.0, 1.0]])
    assert np.isnan(auroc_from_sums(ranking.sums(weights))).tolist() == [
        True,
        True,
        False,
    ]


def test_one_label_or_no_item_is_undefined_and_never_raises():
    assert np.isnan(auroc([0.2, 0.3], [1, 1]))
    assert np.isnan(auroc([0.2, 0.3], [0, 0]))
    assert np.isnan(auroc([], []))


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match='1 scores are not finite'):
        auroc([0.1, np.nan], [0, 1])
    with pytest.raises(ValueError, match='must be 0 or 1'):
        auroc([0.1, 0.2], [0, -1])
