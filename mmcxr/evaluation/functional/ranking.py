"""Numbers that depend on the order of scores: AUROC, average precision, best F1.

Scores are sorted once.  Between two scores that carry a positive, negatives are
interchangeable, so what a resample needs is one row for each distinct score with
a positive: the weight of its positives and of the negatives below it.  Ties are
exact.

S distinct scores with a positive, ascending; T of them shared with a negative;
R resamples.
"""

from typing import NamedTuple

import numpy as np
import torch

from .bootstrap import bag_sums


class RankSums(NamedTuple):
    """Weights by rank, float64, resamples in the last dimension.

    Args:
        positives: (S, R) positives at each score.
        below: (S, R) negatives strictly below each score.
        tied: (T, R) negatives at those scores that have some.
        tied_rows: (T,) which of the S scores those are.
        num_negatives: (R,).
    """

    positives: torch.Tensor
    below: torch.Tensor
    tied: torch.Tensor
    tied_rows: torch.Tensor
    num_negatives: torch.Tensor


class Ranking:
    """One list of scored items, ready for any weights.

    Args:
        scores: (N,), finite, higher means positive.
        labels: (N,) of 0 and 1.
        clusters: (N,) int64 row of the weights each item takes; by default each
            item has its own.

    Raises:
        ValueError: a score is not finite or a label is neither 0 nor 1.
    """

    def __init__(self, scores, labels, clusters: np.ndarray | None = None):
        scores, labels = np.asarray(scores), np.asarray(labels)
        if not np.isfinite(scores).all():
            raise ValueError(f'{(~np.isfinite(scores)).sum()} scores are not finite')
        if not np.isin(labels, (0, 1)).all():
            raise ValueError('labels of a ranking must be 0 or 1')
        if clusters is None:
            clusters = np.arange(len(scores))
        positive = labels == 1
        self.num_positives = int(positive.sum())
        self.num_negatives = len(labels) - self.num_positives

        order = np.argsort(scores, kind='stable')
        sides = [order[positive[order]], order[~positive[order]]]
        self._positives, self._negatives = (
            np.ascontiguousarray(clusters[side], np.int64) for side in sides
        )
        values, self._starts = np.unique(scores[sides[0]], return_index=True)
        lower = np.searchsorted(scores[sides[1]], values, side='left')
        upper = np.searchsorted(scores[sides[1]], values, side='right')
        # Bags of negatives in [previous score, this score), the rest in a last one.
        self._cuts = np.r_[0, lower]
        self._tied_rows = np.flatnonzero(upper > lower)
        tied = [slice(lower[row], upper[row]) for row in self._tied_rows]
        self._tied = np.concatenate(
            [self._negatives[:0], *(self._negatives[s] for s in tied)]
        )
        sizes = [s.stop - s.start for s in tied]
        self._tied_starts = np.cumsum([0, *sizes])[:-1].astype(np.int64)

    @property
    def has_both(self) -> bool:
        """Whether positives and negatives are present."""
        return self.num_positives > 0 and self.num_negatives > 0

    def sums(self, weights: torch.Tensor) -> RankSums:
        """Weights by rank under ``weights`` (M, R) float32.

        Raises:
            ValueError: there is no positive or no negative.
        """
        if not self.has_both:
            raise ValueError('a ranking needs positives and negatives')
        between = bag_sums(weights, self._negatives, self._cuts).cumsum_(0)
        return RankSums(
            positives=bag_sums(weights, self._positives, self._starts),
            below=between[:-1],
            tied=bag_sums(weights, self._tied, self._tied_starts),
            tied_rows=torch.from_numpy(self._tied_rows),
            num_negatives=between[-1],
        )


def auroc_from_sums(sums: RankSums) -> np.ndarray:
    """Chance that a positive outscores a negative, a tie counting half.

    Returns:
        (R,), NaN where a side has no weight.
    """
    won = (sums.positives * sums.below).sum(0)
    won += (sums.positives[sums.tied_rows] * sums.tied).sum(0) / 2
    return (won / (sums.positives.sum(0) * sums.num_negatives)).numpy()


def precision_from_sums(sums: RankSums) -> tuple[np.ndarray, np.ndarray]:
    """Average precision, and the highest F1 any threshold reaches.

    Average precision is precision averaged over the recall steps, without
    interpolation.  The F1 is chosen on these very items: an oracle.

    Returns:
        (R,) each, NaN where no positive has weight.
    """
    passed = sums.positives.cumsum(0)
    hits = sums.positives + (passed[-1] - passed)  # positives at or above each score
    flagged = hits + (sums.num_negatives - sums.below)  # all items there
    f1 = (2 * hits / (flagged + hits[0])).amax(0)
    precision = hits / flagged.clamp_(min=1)
    average = (sums.positives * precision).sum(0) / hits[0]
    return average.numpy(), torch.where(hits[0] > 0, f1, torch.nan).numpy()


def _value(formula, scores, labels) -> float:
    ranking = Ranking(scores, labels)
    if not ranking.has_both:
        return float('nan')
    return float(formula(ranking.sums(torch.ones(len(labels), 1)))[0])


def auroc(scores, labels) -> float:
    """Area under the ROC curve of (N,) scores; NaN unless both labels occur."""
    return _value(auroc_from_sums, scores, labels)


def average_precision(scores, labels) -> float:
    """Average precision of (N,) scores; NaN unless both labels occur."""
    return _value(lambda sums: precision_from_sums(sums)[0], scores, labels)


def best_f1(scores, labels) -> float:
    """Highest F1 over all thresholds; NaN unless both labels occur."""
    return _value(lambda sums: precision_from_sums(sums)[1], scores, labels)
