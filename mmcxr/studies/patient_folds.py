"""Folds of films, grouped by patient."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from mmcxr.datasets.tables.splits import unit_hash

#: Where there is no validation file, one fold of the training films validates a
#: fine-tuning, and each in turn a probe.
NUM_FOLDS = 5


def fold_numbers(patients: Sequence[str], num_folds: int = NUM_FOLDS) -> np.ndarray:
    """(N,) fold of each film: patients are dealt in turn, in the order of a hash."""
    codes, unique = pd.factorize(np.asarray(patients))
    order = np.argsort(unit_hash(unique, 'mmcxr folds'), kind='stable')
    fold = np.empty(len(unique), np.int64)
    fold[order] = np.arange(len(unique)) % num_folds
    return fold[codes]
