"""Logistic regression of many labels over many penalties, beside scikit-learn.

    python benchmarks/probes.py [--threads 2]

20 values of C for 14 labels of 100,000 films with 768 features: all of it by
``fit_logistic``; scikit-learn's LogisticRegression fits one label at some of the C, and
its time for all is scaled up from these. Features are made, correlated as those of an
encoder are (a spectrum that falls by a power law), prevalence runs from 0.5 to 50 %.
Coefficients are compared where both have them.
"""

import argparse
import time

import numpy as np
import torch
from measuring import machine, write_results
from sklearn.linear_model import LogisticRegression

from mmcxr.studies.probes.fit import GRIDS
from mmcxr.studies.probes.logistic import fit_logistic
from mmcxr.studies.probes.selection import Standardiser

FULL = dict(films=100_000, features=768, labels=14, compared=(0, 10, 13))
SMOKE = dict(films=300, features=8, labels=3, compared=(10,))


def made(films: int, features: int, labels: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Features (N, D) and labels (N, L)."""
    generator = np.random.default_rng(0)
    scale = (1 + np.arange(features)) ** -0.5
    turn = np.linalg.qr(generator.normal(size=(features, features)))[0]
    array = (generator.normal(size=(films, features)) * scale) @ turn
    wanted = generator.normal(size=(features, labels)) / features**0.5
    outputs = array @ wanted * 8 + generator.logistic(size=(films, labels))
    limits = [
        np.quantile(column, 1 - share)
        for column, share in zip(
            outputs.T, np.geomspace(0.005, 0.5, labels), strict=True
        )
    ]
    found = (outputs > limits).astype(np.float32)
    return torch.from_numpy(array.astype(np.float32)), torch.from_numpy(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--threads', type=int, default=torch.get_num_threads())
    parser.add_argument('--out', help='results file')
    parser.add_argument('--smoke', action='store_true', help='seconds, no numbers')
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    sizes = SMOKE if args.smoke else FULL
    grid = GRIDS['logistic']
    features, labels = made(sizes['films'], sizes['features'], sizes['labels'])
    start, processor = time.perf_counter(), time.process_time()
    found = fit_logistic(features, labels, grid)
    ours = time.perf_counter() - start
    processor = time.process_time() - processor
    scaled = Standardiser(features)(features).numpy()
    column, rows = sizes['labels'] // 2, []
    for place in sizes['compared']:
        start = time.perf_counter()
        model = LogisticRegression(C=grid[place], max_iter=5000, tol=1e-6)
        model.fit(scaled, labels[:, column].numpy())
        seconds = time.perf_counter() - start
        expected = np.r_[model.coef_[0], model.intercept_]
        difference = np.abs(found[place, column].numpy() - expected).max()
        assert difference < 1e-3 * max(1, np.abs(expected).max()), difference
        rows.append(dict(c=grid[place], seconds=seconds, difference=float(difference)))
    if args.smoke:
        print('smoke: every path ran')
        return
    plain = float(np.mean([row['seconds'] for row in rows]))
    result = dict(
        sizes,
        values_of_c=len(grid),
        threads=args.threads,
        seconds=round(ours, 1),
        processor_seconds=round(processor, 1),
        scikit_learn=rows,
        scikit_learn_seconds_scaled=round(plain * len(grid) * sizes['labels'], 1),
        machine=machine('torch', 'numpy', 'scikit-learn'),
    )
    print(result)
    print(f'wrote {write_results("probes-cpu", result, args.out)}')


if __name__ == '__main__':
    main()
