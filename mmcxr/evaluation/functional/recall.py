"""Recall@k, mean and median rank of ranked queries, and what chance gives.

M clusters (patients), R resamples, Q queries.
"""

import numpy as np

from .bootstrap import WeightedMedian, WeightedSums, ratio

_QUERIES = dict(
    i2t='images, of its text among the distinct texts',
    t2i='distinct texts, of the best of its images among all images',
)


class MeanStatistics:
    """Means of per-item values as a function of weights (M, R).

    Args:
        names: K names.
        values: (N, K), finite.
        clusters: (N,) int64.
        num_clusters: M.
    """

    def __init__(self, names: list[str], values, clusters, num_clusters: int):
        self.names = names
        values = np.column_stack([values, np.ones(len(values))])
        self.sums = WeightedSums(values, clusters, num_clusters)

    def __call__(self, weights) -> dict[str, np.ndarray]:
        """Every mean, (R,) each; NaN where no item has weight."""
        *totals, count = self.sums(weights)
        pairs = zip(self.names, totals, strict=True)
        return {name: ratio(total, count) for name, total in pairs}


class RecallStatistics:
    """Recall@k, mean and median rank of one direction.

    Args:
        direction: 'i2t' or 't2i', first part of the names.
        ranks: (Q,) int from 1.
        ks: k of recall@k.
        clusters: (Q,) int64.
        num_clusters: M.
    """

    def __init__(self, direction: str, ranks, ks, clusters, num_clusters: int):
        names = [*(f'{direction}_recall_at_{k}' for k in ks), f'{direction}_mean_rank']
        values = np.column_stack([*(ranks <= k for k in ks), ranks])
        self.means = MeanStatistics(names, values, clusters, num_clusters)
        self.median = WeightedMedian(np.asarray(ranks, np.float64), clusters)
        self.median_name = f'{direction}_median_rank'

    def __call__(self, weights) -> dict[str, np.ndarray]:
        """Every number, (R,) each, under ``weights`` (M, R)."""
        return self.means(weights) | {self.median_name: self.median(weights)}


def recall_definitions(direction: str, ks) -> dict[str, str]:
    """What the numbers of :class:`RecallStatistics` are."""
    recalls = {
        f'{direction}_recall_at_{k}': f'share of rank {k} or better over '
        + _QUERIES[direction]
        for k in ks
    }
    return recalls | {
        f'{direction}_{kind}_rank': f'{kind} rank over {_QUERIES[direction]}'
        for kind in ('mean', 'median')
    }


def chance_recall(matches, pool: int, k: int) -> np.ndarray:
    """Chance that the best of ``matches`` random places among ``pool`` is within k.

    k / pool for one match; array in, array out.
    """
    missed = np.ones(np.shape(matches))
    for place in range(min(k, pool)):
        missed *= np.clip(pool - place - np.asarray(matches), 0, None) / (pool - place)
    return 1 - missed


def chance_baselines(direction: str, matches, pool: int, ks) -> dict[str, dict]:
    """Recall@k and mean rank of candidates in random order.

    Args:
        direction: 'i2t' or 't2i'.
        matches: (Q,) number of right candidates of each query.
        pool: number of candidates.
        ks: k of recall@k.
    """
    matches = np.asarray(matches)
    values = {
        f'{direction}_recall_at_{k}': chance_recall(matches, pool, k).mean() for k in ks
    }
    values[f'{direction}_mean_rank'] = ((pool + 1) / (matches + 1)).mean()
    rule = f'random order of {pool} candidates'
    return {
        name: dict(value=float(value), definition=rule)
        for name, value in values.items()
    }
