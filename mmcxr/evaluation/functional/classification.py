"""Multi-label, binary and multi-class numbers as functions of patient weights.

Each task is an object built once from scores and labels; calling it with weights
(M, R) gives number -> (R,), which :class:`.bootstrap.ClusterBootstrap` turns into
values and intervals.  ``baselines`` holds what a model that has learned nothing
scores by the same formulas.

N images, C classes, M clusters (patients), R resamples.
"""

import warnings

import numpy as np

from .bootstrap import WeightedSums, ratio
from .ranking import (
    Ranking,
    auroc_from_sums,
    precision_from_sums,
)
from .report import Key

CLASS_DEFINITIONS = dict(
    auroc='area under the ROC curve, ties count half',
    average_precision='step-wise average precision',
    accuracy='share of right decisions at the threshold',
    f1='F1 of the positive decision at the threshold',
    f1_oracle='highest F1 over all thresholds, chosen on this very split: an upper '
    'bound, not a result',
)
DEFINITIONS = {
    name: f'{text}; mean over classes with both labels'
    for name, text in CLASS_DEFINITIONS.items()
} | dict(
    auroc_micro='AUROC over all (image, class) pairs at once',
    auroc_weighted='mean of the class AUROCs weighted by their numbers of positives',
)
MULTICLASS_CLASS_DEFINITIONS = dict(
    accuracy='share of the images of this class whose highest score it is',
    f1='F1 of the class by highest score',
    auroc='the class against the rest by its own score, ties count half',
)
MULTICLASS_DEFINITIONS = dict(
    accuracy='share of images whose highest score is the true class',
    accuracy_macro='accuracy within each true class, mean over classes',
    f1='F1 of each class by highest score, mean over classes',
    auroc='each class against the rest by its own score, ties count half; mean over '
    'classes',
)


def standardised(scores: np.ndarray) -> np.ndarray:
    """Each class with mean 0 and deviation 1 over the images, (N, C) to (N, C).

    A class whose scores are all equal is 0 everywhere.
    """
    centred = scores - scores.mean(axis=0)
    deviation = centred.std(axis=0)
    return centred / np.where(deviation > 0, deviation, 1)


def defined_mean(rows: list[np.ndarray]) -> np.ndarray:
    """Mean over rows (C, R), leaving out undefined cells; NaN where all are."""
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', RuntimeWarning)
        return np.nanmean(np.array(rows), axis=0)


def _f1(true_positives, predicted, actual) -> np.ndarray:
    return ratio(2 * true_positives, predicted + actual)


class MultilabelStatistics:
    """AUROC, average precision, accuracy and F1 of independent findings.

    Args:
        scores: (N, C), finite; at a threshold of 0.5 a probability is meant.
        labels: (N, C) of 0, 1 and NaN (unknown, left out class by class).
        clusters: (N,) int64.
        num_clusters: M.
        classes: C names.
        thresholds: C numbers; a score above is a positive decision.
    """

    def __init__(self, scores, labels, clusters, num_clusters, classes, thresholds):
        self.classes = list(classes)
        known = ~np.isnan(labels)
        self.rankings = [
            Ranking(scores[row, c], labels[row, c], clusters[row])
            for c, row in enumerate(known.T)
        ]
        self.evaluable = [c for c, r in enumerate(self.rankings) if r.has_both]
        image, column = np.nonzero(known)
        self.micro = Ranking(
            scores[image, column], labels[image, column], clusters[image]
        )
        positive = labels == 1
        decided = (scores > np.asarray(thresholds)) & known
        counts = [positive & decided, decided, positive, known]
        self.counts = WeightedSums(np.hstack(counts), clusters, num_clusters)
        self.prevalence = ratio(positive.sum(0).astype(float), known.sum(0))

    @property
    def single_valued(self) -> list[str]:
        """Classes whose known labels are all equal (or absent)."""
        return [name for c, name in enumerate(self.classes) if c not in self.evaluable]

    def __call__(self, weights) -> dict[Key, np.ndarray]:
        """Every number, (R,) each, under ``weights`` (M, R)."""
        counts = self.counts(weights).reshape(4, len(self.classes), -1)
        by_class = self._by_class(weights, counts)
        undefined = np.full(weights.shape[1], np.nan)
        out = {}
        for name, rows in by_class.items():
            out[name] = defined_mean([rows[c] for c in self.evaluable] or [undefined])
        if len(self.classes) == 1:
            return out
        out['auroc_micro'] = undefined
        if self.micro.has_both:
            out['auroc_micro'] = auroc_from_sums(self.micro.sums(weights))
        out['auroc_weighted'] = self._weighted(by_class['auroc'], counts[2])
        for name, rows in by_class.items():
            for c, label in enumerate(self.classes):
                out[name, label] = rows.get(c, undefined)
        return out

    def _by_class(self, weights, counts) -> dict[str, dict[int, np.ndarray]]:
        rows = {name: {} for name in CLASS_DEFINITIONS}
        for c in self.evaluable:
            sums = self.rankings[c].sums(weights)
            rows['auroc'][c] = auroc_from_sums(sums)
            precision, best_f1 = precision_from_sums(sums)
            rows['average_precision'][c] = precision
            rows['f1_oracle'][c] = best_f1
        true_positives, predicted, actual, known = counts
        right = known - predicted - actual + 2 * true_positives
        rows['accuracy'] = dict(enumerate(ratio(right, known)))
        rows['f1'] = dict(enumerate(_f1(true_positives, predicted, actual)))
        return rows

    def _weighted(self, auroc: dict, positives: np.ndarray) -> np.ndarray:
        rows = np.array([auroc[c] for c in self.evaluable])
        rows = rows.reshape(-1, positives.shape[1])
        share = np.where(np.isnan(rows), 0, positives[self.evaluable])
        return ratio(np.nansum(rows * share, axis=0), share.sum(axis=0))

    def baselines(self) -> dict[Key, dict]:
        """Scores of constant answers: number -> dict(value, definition)."""
        p = self.prevalence
        all_positive = 2 * p / (1 + p)
        rules = dict(
            auroc=(np.full_like(p, 0.5), 'the same score for every image'),
            average_precision=(p, 'prevalence: scores without information'),
            accuracy=(np.maximum(p, 1 - p), 'always the commoner label'),
            f1=(all_positive, 'everything called positive'),
            f1_oracle=(all_positive, 'everything called positive'),
        )
        out = {}
        for name, (values, definition) in rules.items():
            mean = defined_mean(values[self.evaluable] if self.evaluable else [np.nan])
            out[name] = dict(value=float(mean), definition=definition)
            if len(p) == 1:
                continue
            for c, label in enumerate(self.classes):
                out[name, label] = dict(value=float(values[c]), definition=definition)
        if len(p) > 1:
            out['auroc_micro'] = out['auroc_weighted'] = dict(out['auroc'])
        return out


class MulticlassStatistics:
    """Accuracy, F1 and one-against-rest AUROC of exclusive classes.

    Args:
        scores: (N, C), finite; the highest is the decision, the first of equals.
        labels: (N,) int class.
        clusters: (N,) int64.
        num_clusters: M.
        classes: C names.
    """

    def __init__(self, scores, labels, clusters, num_clusters, classes):
        self.classes = list(classes)
        columns = np.arange(len(self.classes))
        actual = labels[:, None] == columns
        predicted = scores.argmax(axis=1)[:, None] == columns
        self.rankings = [Ranking(scores[:, c], actual[:, c], clusters) for c in columns]
        counts = np.hstack([actual & predicted, predicted, actual])
        self.counts = WeightedSums(counts, clusters, num_clusters)
        self.shares = actual.mean(axis=0)

    @property
    def single_valued(self) -> list[str]:
        """Classes that no image, or every image, belongs to."""
        pairs = zip(self.classes, self.rankings, strict=True)
        return [name for name, ranking in pairs if not ranking.has_both]

    def __call__(self, weights) -> dict[Key, np.ndarray]:
        """Every number, (R,) each, under ``weights`` (M, R)."""
        shape = (3, len(self.classes), weights.shape[1])
        right, predicted, actual = self.counts(weights).reshape(shape)
        undefined = np.full(weights.shape[1], np.nan)
        auroc = [
            auroc_from_sums(r.sums(weights)) if r.has_both else undefined
            for r in self.rankings
        ]
        recall, f1 = ratio(right, actual), _f1(right, predicted, actual)
        out = dict(
            accuracy=ratio(right.sum(axis=0), actual.sum(axis=0)),
            accuracy_macro=defined_mean(recall),
            f1=defined_mean(f1),
            auroc=defined_mean(auroc),
        )
        for c, label in enumerate(self.classes):
            out['accuracy', label] = recall[c]
            out['f1', label] = f1[c]
            out['auroc', label] = auroc[c]
        return out

    def baselines(self) -> dict[str, dict]:
        """Scores of always naming the commonest class, and of a constant score."""
        majority, number = self.shares.max(), (self.shares > 0).sum()
        always = 'always the commonest class'
        rules = dict(
            accuracy=(majority, always),
            accuracy_macro=(1 / number, always),
            f1=(2 * majority / (1 + majority) / number, always),
            auroc=(0.5, 'the same score for every image'),
        )
        return {
            name: dict(value=float(value), definition=definition)
            for name, (value, definition) in rules.items()
        }
