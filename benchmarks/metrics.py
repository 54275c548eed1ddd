"""Metrics with their intervals: ours beside the plain way to the same numbers.

    python benchmarks/metrics.py [--smoke]

AUROC of 14 findings with patient-bootstrap intervals, beside a loop over resamples
with scikit-learn, timed on a few and scaled; retrieval ranks, beside a sort of the
whole matrix of cosines; Dice of masks with intervals, beside numpy image by image.
Where the plain way gives the same number, the two must agree before anything is timed.
One core.
"""

import argparse
import time
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from measuring import in_turns, machine, ratio, spread, write_results
from sklearn.metrics import roc_auc_score

from mmcxr.evaluation.functional.bootstrap import ClusterBootstrap, cluster_index
from mmcxr.evaluation.functional.classification import MultilabelStatistics
from mmcxr.evaluation.functional.dice import DiceStatistics, image_dice, pixel_counts
from mmcxr.evaluation.functional.ranking import Ranking, auroc_from_sums
from mmcxr.evaluation.functional.retrieval import retrieval_ranks

PLAIN_RESAMPLES = 5
FULL = dict(images=22000, classes=14, resamples=1000, pairs=5000, masks=64, side=512)
SMOKE = dict(images=400, classes=3, resamples=20, pairs=60, masks=4, side=64)


def findings(images: int, classes: int) -> tuple:
    """Scores, labels and patients; prevalence from 0.5 % to 50 %."""
    generator = np.random.default_rng(0)
    prevalence = np.geomspace(0.005, 0.5, classes)
    labels = (generator.random((images, classes)) < prevalence).astype(float)
    labels[:2] = [[0.0], [1.0]]  # both kinds, however few images
    scores = generator.normal(size=labels.shape) + labels
    patients = generator.integers(0, images // 2, images)
    return scores.astype(np.float32), labels, cluster_index(patients)[0]


def aurocs(scores, labels, clusters, resamples: int) -> dict:
    """Value and interval of each class."""
    columns = zip(scores.T, labels.T, strict=True)
    rankings = [Ranking(*pair, clusters) for pair in columns]
    return ClusterBootstrap(int(clusters.max()) + 1, resamples).estimate(
        lambda weights: {
            c: auroc_from_sums(r.sums(weights)) for c, r in enumerate(rankings)
        }
    )


def full_report(scores, labels, clusters, resamples: int) -> dict:
    """AUROC, average precision, accuracy, F1 and micro AUROC with intervals."""
    number, classes = int(clusters.max()) + 1, labels.shape[1]
    names, thresholds = [str(c) for c in range(classes)], [0.5] * classes
    statistic = MultilabelStatistics(
        scores, labels, clusters, number, names, thresholds
    )
    return ClusterBootstrap(number, resamples).estimate(statistic)


def plain_aurocs(scores, labels, clusters, resamples: int) -> None:
    """AUROC of every class in every resample of patients, one by one."""
    number = int(clusters.max()) + 1
    members = np.split(np.argsort(clusters), np.bincount(clusters).cumsum()[:-1])
    generator = np.random.default_rng(0)
    for _ in range(resamples):
        drawn = generator.integers(0, number, number)
        rows = np.concatenate([members[c] for c in drawn])
        for c in range(labels.shape[1]):
            if labels[rows, c].any():
                roc_auc_score(labels[rows, c], scores[rows, c])


def pairs_of(count: int) -> tuple:
    """Embeddings of films and of their reports, each report another text."""
    generator = np.random.default_rng(0)
    images = generator.normal(size=(count, 512)).astype(np.float32)
    texts = images + 8 * generator.normal(size=images.shape).astype(np.float32)
    return images, texts, [str(i) for i in range(count)]


def plain_ranks(images, texts, names) -> np.ndarray:
    """Rank of each image's text by a sort of the whole matrix."""
    images, texts = (
        x / np.linalg.norm(x, axis=1, keepdims=True) for x in (images, texts)
    )
    order = np.argsort(-(images @ texts.T), axis=1)
    return 1 + (order == np.arange(len(names))[:, None]).argmax(axis=1)


def masks_of(count: int, side: int) -> tuple:
    """Predicted and true masks, half of them empty."""
    generator = np.random.default_rng(0)
    share = 0.02 * (np.arange(count) % 2)[:, None, None]
    drawn = generator.random((2, count, side, side)) < share
    return tuple(drawn.astype(np.uint8))


def dice_with_intervals(predicted, true, resamples: int) -> dict:
    """Every definition of Dice, and its interval."""
    masks = zip(predicted, true, strict=True)
    counts = np.stack([pixel_counts(*pair) for pair in masks])
    clusters = np.arange(len(counts))
    statistic = DiceStatistics(counts, clusters, len(counts))
    return ClusterBootstrap(len(counts), resamples).estimate(statistic)


def plain_dice(predicted, true) -> float:
    """Mean Dice of the images, 1 where both masks are empty; no interval."""
    values = []
    for p, t in zip(predicted.astype(bool), true.astype(bool), strict=True):
        size = p.sum() + t.sum()
        values.append(2 * (p & t).sum() / size if size else 1.0)
    return float(np.mean(values))


def check(labelled: tuple, paired: tuple, masks: tuple) -> None:
    """The plain ways find the same numbers."""
    scores, labels, clusters = labelled
    found = aurocs(scores, labels, clusters, 2)
    for c in range(labels.shape[1]):
        expected = roc_auc_score(labels[:, c], scores[:, c])
        np.testing.assert_allclose(found[c]['value'], expected, rtol=1e-6)
    ranks = retrieval_ranks(*paired).image_to_text
    # Cosines in single and in double precision may order a near tie otherwise.
    assert np.mean(ranks == plain_ranks(*paired)) > 0.98
    counts = np.stack([pixel_counts(*pair) for pair in zip(*masks, strict=True)])
    np.testing.assert_allclose(image_dice(counts).mean(), plain_dice(*masks))


def counted(function: Callable, items: int, *args) -> Callable[[], int]:
    """The function as :func:`in_turns` takes it."""

    def path() -> int:
        function(*args)
        return items

    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--repeats', type=int, default=5)
    parser.add_argument('--out', help='results file')
    parser.add_argument('--smoke', action='store_true', help='seconds, no numbers')
    args = parser.parse_args()
    torch.set_num_threads(1)
    sizes = SMOKE if args.smoke else FULL
    labelled = findings(sizes['images'], sizes['classes'])
    paired, masks = pairs_of(sizes['pairs']), masks_of(sizes['masks'], sizes['side'])
    check(labelled, paired, masks)
    times_of = partial(in_turns, repeats=1 if args.smoke else args.repeats)
    resamples, start = sizes['resamples'], time.time()
    # Of each: seconds for a resample, a query, a mask.
    groups = {
        'AUROC with intervals': dict(
            ours=counted(aurocs, resamples, *labelled, resamples),
            plain=counted(plain_aurocs, PLAIN_RESAMPLES, *labelled, PLAIN_RESAMPLES),
            full_report=counted(full_report, resamples, *labelled, resamples),
        ),
        'retrieval ranks, both ways against one': dict(
            ours=counted(retrieval_ranks, sizes['pairs'], *paired),
            plain=counted(plain_ranks, sizes['pairs'], *paired),
        ),
        'Dice with intervals against one without': dict(
            ours=counted(dice_with_intervals, sizes['masks'], *masks, resamples),
            plain=counted(plain_dice, sizes['masks'], *masks),
        ),
    }
    rows = {}
    for name, paths in groups.items():
        times = times_of(paths)
        rows[name] = {
            path: dict(
                milliseconds=spread([1e3 * t for t in found['processor']]),
                times_as_fast=ratio(times['plain'], found),
            )
            for path, found in times.items()
        }
        if not args.smoke:
            print(f'{name}: {rows[name]}')
    if args.smoke:
        print('smoke: every path ran')
        return
    result = dict(
        sizes,
        repeats=args.repeats,
        minutes=round((time.time() - start) / 60, 1),
        cores=1,
        clock='processor time for each resample, query or mask',
        rows=rows,
        machine=machine('torch', 'numpy', 'scikit-learn'),
    )
    print(f'wrote {write_results("metrics-cpu", result, args.out)}')


if __name__ == '__main__':
    main()
