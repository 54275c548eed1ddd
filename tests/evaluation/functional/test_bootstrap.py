"""The patient bootstrap against resamples that are really drawn."""

import numpy as np
import pytest
import torch
from sklearn.metrics import average_precision_score, roc_auc_score

from mmcxr.evaluation.functional.bootstrap import (
    ClusterBootstrap,
    WeightedMedian,
    WeightedSums,
    bag_sums,
    cluster_index,
    ratio,
)
from mmcxr.evaluation.functional.ranking import (
    Ranking,
    auroc_from_sums,
    precision_from_sums,
)


def mean_of(values, clusters, num):
    sums = WeightedSums(np.column_stack([values, np.ones(len(values))]), clusters, num)
    return lambda weights: dict(mean=ratio(*sums(weights)))


def test_patients_are_numbered_and_strangers_stand_alone():
    index, unknown = cluster_index(['a', None, 'b', 'a', '', float('nan'), 7, 'b'])
    assert index.tolist() == [0, 1, 2, 0, 3, 4, 5, 2]
    assert unknown == 3


def test_bag_sums_equals_a_loop():
    weights = torch.arange(12.0).reshape(4, 3)
    items, starts = np.array([3, 0, 0, 1]), np.array([0, 1, 1, 3, 4])
    expected = [weights[3], 0 * weights[0], 2 * weights[0], weights[1], 0 * weights[0]]
    assert torch.equal(bag_sums(weights, items, starts), torch.stack(expected).double())


def materialised(bootstrap, clusters):
    """Row numbers of each resample, patients drawn by name."""
    generator = np.random.default_rng(bootstrap.seed)
    members = [np.flatnonzero(clusters == c) for c in range(bootstrap.num_clusters)]
    for _ in range(bootstrap.num_resamples):
        drawn = generator.integers(0, bootstrap.num_clusters, bootstrap.num_clusters)
        yield np.concatenate([members[c] for c in drawn])


def test_interval_equals_resamples_scored_by_sklearn():
    generator = np.random.default_rng(5)
    clusters, _ = cluster_index(generator.integers(0, 31, 83))
    labels = generator.integers(0, 2, 83)
    scores = np.round(generator.normal(size=83) + labels, 1)  # with ties
    bootstrap = ClusterBootstrap(int(clusters.max()) + 1, num_resamples=70, seed=3)
    ranking = Ranking(scores, labels, clusters)

    def statistic(weights):
        sums = ranking.sums(weights)
        return dict(auroc=auroc_from_sums(sums), ap=precision_from_sums(sums)[0])

    found = bootstrap.estimate(statistic)
    rows = list(materialised(bootstrap, clusters))
    for name, oracle in dict(auroc=roc_auc_score, ap=average_precision_score).items():
        values = [oracle(labels[r], scores[r]) for r in rows]
        assert found[name]['value'] == pytest.approx(oracle(labels, scores))
        assert found[name]['ci95'] == pytest.approx(np.percentile(values, [2.5, 97.5]))


def test_chunks_do_not_change_the_draws():
    bootstrap = ClusterBootstrap(11, num_resamples=23, seed=1)
    whole = torch.cat(list(bootstrap.weights(chunk=23)), dim=1)
    pieces = torch.cat(list(bootstrap.weights(chunk=5)), dim=1)
    assert torch.equal(whole, pieces)
    assert whole.shape == (11, 23)
    assert (whole.sum(0) == 11).all()


def test_same_seed_same_interval_other_seed_another():
    values, clusters = np.random.default_rng(0).normal(size=40), np.arange(40)
    statistic = mean_of(values, clusters, 40)
    results = [
        ClusterBootstrap(40, 200, seed).estimate(statistic) for seed in (0, 0, 1)
    ]
    assert results[0] == results[1] != results[2]


def test_interval_covers_the_truth_as_often_as_it_says():
    generator, hits = np.random.default_rng(8), 0
    for trial in range(200):
        values = generator.normal(size=60)
        statistic = mean_of(values, np.arange(60), 60)
        low, high = ClusterBootstrap(60, 200, trial).estimate(statistic)['mean']['ci95']
        hits += low < 0 < high
    assert 0.89 < hits / 200 < 0.99


def test_copies_of_a_patients_images_do_not_narrow_the_interval():
    values = np.random.default_rng(2).normal(size=50)
    once = ClusterBootstrap(50, 300).estimate(mean_of(values, np.arange(50), 50))
    copies = mean_of(np.repeat(values, 10), np.repeat(np.arange(50), 10), 50)
    assert ClusterBootstrap(50, 300).estimate(copies)['mean']['ci95'] == pytest.approx(
        once['mean']['ci95']
    )
    naive = mean_of(np.repeat(values, 10), np.arange(500), 500)
    low, high = ClusterBootstrap(500, 300).estimate(naive)['mean']['ci95']
    assert high - low < 0.5 * np.subtract(*once['mean']['ci95'][::-1])


@pytest.mark.parametrize('num', [1, 4, 7])
def test_weighted_median_equals_numpy_on_repeated_values(num):
    generator = np.random.default_rng(num)
    values = generator.integers(1, 6, num).astype(float)
    weights = generator.integers(0, 4, (num, 20))
    weights[:, 0] = 0
    medians = WeightedMedian(values, np.arange(num))(torch.from_numpy(weights).float())
    assert np.isnan(medians[0])
    for column in range(1, 20):
        repeated = np.repeat(values, weights[:, column])
        if len(repeated):
            assert medians[column] == np.median(repeated)


def test_undefined_resamples_are_left_out_and_counted():
    labels = np.array([1, 0, 0, 0, 0])
    ranking = Ranking(np.arange(5.0), labels)
    found = ClusterBootstrap(5, 300).estimate(
        lambda weights: dict(auroc=auroc_from_sums(ranking.sums(weights)))
    )['auroc']
    # The only positive is missing from (4/5)^5 of the resamples.
    assert found['undefined_resamples'] / 300 == pytest.approx(0.8**5, abs=0.08)
    assert found['ci95'] == [0, 0]


def test_no_resamples_or_one_patient_give_no_interval():
    statistic = mean_of(np.array([1.0, 2.0]), np.array([0, 0]), 1)
    assert ClusterBootstrap(1, 50).estimate(statistic) == dict(
        mean=dict(value=1.5, ci95=None)
    )
    assert ClusterBootstrap(1, 0).estimate(statistic)['mean']['ci95'] is None


def test_nothing_to_resample_is_refused():
    with pytest.raises(ValueError, match='no item'):
        ClusterBootstrap(0)
    with pytest.raises(ValueError, match='num_resamples'):
        ClusterBootstrap(3, -1)
