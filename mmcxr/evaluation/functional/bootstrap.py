"""Bootstrap over patients, for any statistic that takes weights.

Resampling patients with replacement is the same as weighting: a patient drawn
twice weighs two, one never drawn weighs nought, and every image of the patient
carries that weight.  A statistic written for weights therefore gives its value
(all weights one) and all its resamples from one function, without a copy of data.

N items (images, texts), M clusters (patients), R resamples.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from torch.nn import functional as F

Statistic = Callable[[torch.Tensor], dict[str, np.ndarray]]
_CHUNK = 32  # resamples held at a time: the arrays of one pass then fit the cache
_FLOAT32_EXACT = 2**23  # sums of this many unit weights are exact in float32


def cluster_index(patient_ids: Sequence) -> tuple[np.ndarray, int]:
    """Number the patients; an item without a patient id is a patient of its own.

    Args:
        patient_ids: N ids; None, NaN and the empty string mean unknown.

    Returns:
        (N,) int64 cluster of each item, numbered from 0 in order of appearance,
        and how many items had no id.
    """
    seen: dict = {}
    index, unknown = np.empty(len(patient_ids), np.int64), 0
    for i, patient in enumerate(patient_ids):
        missing = patient is None or patient != patient or patient == ''
        unknown += missing
        index[i] = seen.setdefault(('item', i) if missing else patient, len(seen))
    return index, unknown


def bag_sums(weights: torch.Tensor, items: np.ndarray, starts: np.ndarray):
    """Sum rows of ``weights`` over bags of items, without gathering them.

    Args:
        weights: (M, R) float32.
        items: (K,) int64 rows of ``weights``, the bags one after another.
        starts: (S,) int64 position in ``items`` at which each bag starts; a bag
            may be empty.

    Returns:
        (S, R) float64 tensor, exact for whole weights.
    """
    if len(items) > _FLOAT32_EXACT:
        weights = weights.double()
    items, starts = torch.from_numpy(items), torch.from_numpy(starts)
    return F.embedding_bag(items, weights, starts, mode='sum').double()


class WeightedSums:
    """Sums of per-item values under cluster weights.

    Args:
        values: (N, K) or (N,), finite.
        clusters: (N,) int64.
        num_clusters: M; clusters without an item here are allowed.
    """

    def __init__(self, values: np.ndarray, clusters: np.ndarray, num_clusters: int):
        values = np.asarray(values, np.float64).reshape(len(clusters), -1)
        totals = np.zeros((num_clusters, values.shape[1]))
        np.add.at(totals, clusters, values)
        self.totals = torch.from_numpy(totals)

    def __call__(self, weights: torch.Tensor) -> np.ndarray:
        """Sums of shape (K, R) under ``weights`` (M, R)."""
        return (self.totals.T @ weights.double()).numpy()


class WeightedMedian:
    """Median of per-item values under whole cluster weights.

    The mean of the two middle values where the count is even, as numpy's.

    Args:
        values: (N,), finite.
        clusters: (N,) int64.
    """

    def __init__(self, values: np.ndarray, clusters: np.ndarray):
        order = np.argsort(values, kind='stable')
        self.values, self.starts = np.unique(values[order], return_index=True)
        self.items = np.ascontiguousarray(clusters[order])

    def __call__(self, weights: torch.Tensor) -> np.ndarray:
        """Medians of shape (R,); NaN where no item has weight."""
        below = bag_sums(weights, self.items, self.starts).cumsum(0).numpy()  # (U, R)
        total = below[-1]
        middle = np.stack([np.floor((total - 1) / 2), np.floor(total / 2)])
        place = (below[None] <= middle[:, None]).sum(axis=1)  # (2, R)
        place = np.minimum(place, len(self.values) - 1)
        return np.where(total > 0, self.values[place].mean(axis=0), np.nan)


def ratio(numerator, denominator) -> np.ndarray:
    """Quotient of sums, NaN where the denominator is nought."""
    out = np.full(np.shape(denominator), np.nan)
    return np.divide(numerator, denominator, out=out, where=denominator > 0)


class ClusterBootstrap:
    """Percentile intervals from resampled clusters.

    Args:
        num_clusters: M, e.g. from :func:`cluster_index`.
        num_resamples: R; 0 gives values without intervals.
        seed: the resamples depend on it and on M alone.
    """

    def __init__(self, num_clusters: int, num_resamples: int = 1000, seed: int = 0):
        if num_clusters < 1:
            raise ValueError('there is nothing to resample: no item was given')
        if num_resamples < 0:
            raise ValueError(f'num_resamples must be 0 or more, got {num_resamples}')
        self.num_clusters = num_clusters
        self.num_resamples = num_resamples
        self.seed = seed

    def weights(self, chunk: int = _CHUNK) -> Iterator[torch.Tensor]:
        """Yield weights (M, at most ``chunk``) float32: draws of each cluster."""
        generator = np.random.default_rng(self.seed)
        size = self.num_clusters
        for start in range(0, self.num_resamples, chunk):
            counts = [
                np.bincount(generator.integers(0, size, size), minlength=size)
                for _ in range(min(chunk, self.num_resamples - start))
            ]
            counts = np.array(counts, np.float32).T
            yield torch.from_numpy(np.ascontiguousarray(counts))

    def estimate(self, statistic: Statistic) -> dict[str, dict]:
        """Value and 95 % interval of each number a statistic returns.

        Args:
            statistic: takes weights (M, R), returns name -> (R,); NaN where a
                resample leaves the number undefined.

        Returns:
            name -> dict(value, ci95): floats, None for undefined; and
            ``undefined_resamples`` where resamples had to be left out.
        """
        point = statistic(torch.ones(self.num_clusters, 1))
        chunks = [statistic(weights) for weights in self.weights()]
        return {
            name: self._describe(value[0], [chunk[name] for chunk in chunks])
            for name, value in point.items()
        }

    def _describe(self, value: float, chunks: list[np.ndarray]) -> dict:
        entry = {'value': None if np.isnan(value) else float(value), 'ci95': None}
        # One patient drawn over and over says nothing of the spread.
        if not chunks or entry['value'] is None or self.num_clusters < 2:
            return entry
        samples = np.concatenate(chunks)
        defined = samples[~np.isnan(samples)]
        if len(defined):
            entry['ci95'] = [float(x) for x in np.percentile(defined, [2.5, 97.5])]
        if len(defined) < len(samples):
            entry['undefined_resamples'] = len(samples) - len(defined)
        return entry
