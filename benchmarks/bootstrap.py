"""Time of patient-bootstrap intervals at the size of a large test set.

    python benchmarks/bootstrap.py

14 findings, 22,000 images, 1,000 resamples, one core.  The full report also gives
average precision, accuracy, F1 and the micro AUROC their intervals.  The loop draws
resamples and scores each with scikit-learn; it is timed on a few and scaled.
"""

import argparse
import json
import platform
import time
from pathlib import Path

import numpy as np
import torch
from sklearn.metrics import roc_auc_score

from mmcxr.evaluation.functional.bootstrap import ClusterBootstrap, cluster_index
from mmcxr.evaluation.functional.classification import MultilabelStatistics
from mmcxr.evaluation.functional.ranking import Ranking, auroc_from_sums

HERE = Path(__file__).parent


def make_data(num_images, num_classes, seed=0):
    """Scores, labels and patients; prevalence from 0.5 % to 50 %."""
    generator = np.random.default_rng(seed)
    prevalence = np.geomspace(0.005, 0.5, num_classes)
    labels = (generator.random((num_images, num_classes)) < prevalence).astype(float)
    scores = generator.normal(size=labels.shape) + labels
    patients = generator.integers(0, num_images // 2, num_images)
    return scores.astype(np.float32), labels, cluster_index(patients)[0]


def aurocs(scores, labels, clusters, num_resamples):
    rankings = [
        Ranking(*pair, clusters) for pair in zip(scores.T, labels.T, strict=True)
    ]
    bootstrap = ClusterBootstrap(int(clusters.max()) + 1, num_resamples)
    return bootstrap.estimate(
        lambda weights: {
            c: auroc_from_sums(r.sums(weights)) for c, r in enumerate(rankings)
        }
    )


def full_report(scores, labels, clusters, num_resamples):
    num_clusters, num_classes = int(clusters.max()) + 1, labels.shape[1]
    names, thresholds = [str(c) for c in range(num_classes)], [0.5] * num_classes
    statistic = MultilabelStatistics(
        scores, labels, clusters, num_clusters, names, thresholds
    )
    return ClusterBootstrap(num_clusters, num_resamples).estimate(statistic)


def loop(scores, labels, clusters, num_resamples):
    num_clusters = int(clusters.max()) + 1
    members = np.split(np.argsort(clusters), np.bincount(clusters).cumsum()[:-1])
    generator = np.random.default_rng(0)
    for _ in range(num_resamples):
        drawn = generator.integers(0, num_clusters, num_clusters)
        rows = np.concatenate([members[c] for c in drawn])
        for c in range(labels.shape[1]):
            roc_auc_score(labels[rows, c], scores[rows, c])


def seconds(function, repeats):
    """Wall and processor time; the two differ where other work shares the core."""
    wall, processor = [], []
    for _ in range(repeats):
        start = time.perf_counter(), time.process_time()
        function()
        wall.append(time.perf_counter() - start[0])
        processor.append(time.process_time() - start[1])
    return dict(wall=spread(wall), processor=spread(processor), repeats=repeats)


def spread(times):
    low, median, high = np.percentile(times, [25, 50, 75]).round(3).tolist()
    return dict(median=median, quartiles=[low, high])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--images', type=int, default=22000)
    parser.add_argument('--classes', type=int, default=14)
    parser.add_argument('--resamples', type=int, default=1000)
    parser.add_argument('--repeats', type=int, default=9)
    parser.add_argument('--out', default=HERE / 'results' / 'bootstrap.json', type=Path)
    args = parser.parse_args()
    torch.set_num_threads(1)
    data = make_data(args.images, args.classes)
    loop_resamples = 5
    rows = {
        'AUROC with intervals': seconds(
            lambda: aurocs(*data, args.resamples), args.repeats
        ),
        'full report': seconds(
            lambda: full_report(*data, args.resamples), args.repeats
        ),
        f'AUROC, loop over {loop_resamples} resamples': seconds(
            lambda: loop(*data, loop_resamples), 3
        ),
    }
    scaled = (
        list(rows.values())[-1]['processor']['median'] * args.resamples / loop_resamples
    )
    for name, row in rows.items():
        cells = [
            '{:8.2f} s [{:.2f}, {:.2f}]'.format(time['median'], *time['quartiles'])
            for time in (row['wall'], row['processor'])
        ]
        print(f'{name:32} wall {cells[0]}  processor {cells[1]}')
    print(f'the loop at {args.resamples} resamples would take {scaled:.0f} s')
    result = dict(
        images=args.images,
        classes=args.classes,
        resamples=args.resamples,
        cores=1,
        machine=platform.machine(),
        versions=dict(
            python=platform.python_version(),
            torch=torch.__version__,
            numpy=np.__version__,
        ),
        seconds=rows,
        loop_scaled_s=round(scaled),
    )
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(json.dumps(result, indent=1) + '\n')


if __name__ == '__main__':
    main()
