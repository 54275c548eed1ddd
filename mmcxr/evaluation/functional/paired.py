"""Rank models on the same films, and say which differences are not significant.

Every model is scored under the same resamples of patients, so that a difference of two
has an interval of its own: much narrower than theirs, for the films are the same.

N films, C classes, M patients, R resamples.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import torch

from .bootstrap import ClusterBootstrap, cluster_index, ratio
from .classification import defined_mean
from .ranking import Ranking, auroc_from_sums


class MeanAUROC:
    """Mean of the class AUROCs as a function of patient weights.

    Args:
        scores: (N, C), finite.
        labels: (N, C) of 0, 1 and NaN (unknown, left out class by class).
        clusters: (N,) int64.
        weighted: weigh a class by its number of positives.
    """

    def __init__(self, scores, labels, clusters, weighted: bool = False):
        self.weighted = weighted
        rankings = [
            Ranking(score[known], label[known], clusters[known])
            for score, label in zip(scores.T, labels.T, strict=True)
            for known in [~np.isnan(label)]
        ]
        self.rankings = [ranking for ranking in rankings if ranking.has_both]

    def __call__(self, weights: torch.Tensor) -> np.ndarray:
        """(R,) under ``weights`` (M, R); NaN where no class has both values."""
        sums = [ranking.sums(weights) for ranking in self.rankings]
        if not sums:
            return np.full(weights.shape[1], np.nan)
        values = np.array([auroc_from_sums(part) for part in sums])  # (C, R)
        if not self.weighted:
            return defined_mean(values)
        positives = np.array([part.positives.sum(0).numpy() for part in sums])
        positives[np.isnan(values)] = 0
        return ratio((np.nan_to_num(values) * positives).sum(0), positives.sum(0))


def rank_models(
    runs: Mapping[str, Sequence[np.ndarray]],
    labels: np.ndarray,
    patients: Sequence[str],
    weighted: bool = False,
    num_resamples: int = 1000,
    seed: int = 0,
) -> list[dict]:
    """Models from best to worst.

    Args:
        runs: model -> scores (N, C) of each of its runs (seeds), whose AUROCs are
            averaged.
        labels: (N, C) of 0, 1 and NaN.
        patients: N ids.
        weighted: see :class:`MeanAUROC`.
        num_resamples: R.
        seed: of the resamples.

    Returns:
        For each: ``model``, ``rank`` (from 1), ``value``, ``ci95``, ``runs`` (the
        value of each), ``std`` over them (None for one), and ``below_best`` and
        ``below_previous``: how much less than the best, and than the model above it,
        as dict(value, ci95, distinguishable), or None for the best. Two are
        distinguishable where the 95 % interval of their difference leaves out 0.
    """
    clusters, _ = cluster_index(patients)
    bootstrap = ClusterBootstrap(int(clusters.max()) + 1, num_resamples, seed)
    statistics = {
        model: [MeanAUROC(scores, labels, clusters, weighted) for scores in found]
        for model, found in runs.items()
    }
    ones = torch.ones(bootstrap.num_clusters, 1)
    values = {
        model: [float(statistic(ones)[0]) for statistic in found]
        for model, found in statistics.items()
    }
    samples: dict[str, list] = {model: [] for model in runs}
    for weights in bootstrap.weights():
        for model, found in statistics.items():
            samples[model].append(np.mean([s(weights) for s in found], axis=0))
    resampled = {m: np.concatenate([*s, []]) for m, s in samples.items()}
    mean = {model: float(np.mean(found)) for model, found in values.items()}
    order = sorted(runs, key=lambda model: -np.nan_to_num(mean[model], nan=-1))

    def difference(better: str, worse: str) -> dict:
        ci95 = _interval(resampled[better] - resampled[worse])
        told = ci95 is not None and (ci95[0] > 0 or ci95[1] < 0)
        value = mean[better] - mean[worse]
        return dict(value=_defined(value), ci95=ci95, distinguishable=told)

    return [
        dict(
            model=model,
            rank=number + 1,
            value=_defined(mean[model]),
            ci95=_interval(resampled[model]),
            runs=values[model],
            std=float(np.std(values[model], ddof=1))
            if len(values[model]) > 1
            else None,
            below_best=difference(order[0], model) if number else None,
            below_previous=difference(order[number - 1], model) if number else None,
        )
        for number, model in enumerate(order)
    ]


def _interval(samples: np.ndarray) -> list[float] | None:
    defined = samples[~np.isnan(samples)]
    if not len(defined):
        return None
    return [float(bound) for bound in np.percentile(defined, [2.5, 97.5])]


def _defined(value: float) -> float | None:
    return None if np.isnan(value) else value
