"""Fit probes on features and choose among their settings.

N films, D features, C classes, K settings that are tried.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from mmcxr.evaluation.functional.labels import resolve_uncertain
from mmcxr.studies.feature_cache import Features
from mmcxr.studies.patient_folds import NUM_FOLDS, fold_numbers

from .knn import knn_scores
from .linear import fit_linear
from .logistic import fit_logistic
from .multinomial import fit_multinomial
from .selection import Standardiser, choose, linear_scores

KINDS = ('logistic', 'linear', 'knn')
#: What is tried by default: C, learning rate, number of neighbours.
GRIDS = dict(
    logistic=tuple(float(f'{c:.3g}') for c in np.logspace(-6, 2, 20)),
    linear=(1.0, 0.3, 0.1, 0.03, 0.01),
    knn=(1, 5, 10, 20, 50, 100, 200),
)


@dataclass(frozen=True)
class ProbeSettings:
    """How features are probed.

    Args:
        kind: ``logistic`` (regression with penalty, C is chosen), ``linear`` (a layer
            trained by SGD, the learning rate is chosen) or ``knn`` (the number of
            neighbours is chosen).
        grid: values to choose from; by default those of :data:`GRIDS`.
        uncertain: what -1 counts as, in fitting and in measuring: ``ignore``,
            ``zeros`` or ``ones``.
        epochs: of ``linear``.
        batch_size: of ``linear``.
        temperature: of ``knn``.
        seed: of ``linear``.
        exclusive: each film is of one class, and scores add to one.
        standardise: scale each feature to mean 0 and deviation 1 over the films
            fitted on; neighbours are found among features less their mean either way.
        max_steps: of ``logistic``.
    """

    kind: str = 'logistic'
    grid: Sequence[float] = ()
    uncertain: str = 'ignore'
    epochs: int = 50
    batch_size: int = 256
    temperature: float = 0.07
    seed: int = 0
    exclusive: bool = False
    standardise: bool = True
    max_steps: int = 500

    def __post_init__(self):
        if self.kind not in KINDS:
            raise ValueError(f'kind {self.kind!r} is none of {", ".join(KINDS)}')
        resolve_uncertain(np.zeros((0, 1)), self.uncertain)
        object.__setattr__(self, 'grid', tuple(self.grid or GRIDS[self.kind]))

    def described(self, chosen_by: str) -> dict:
        """For the spec of a result: what plays a part."""
        parts = dict(
            logistic=('standardise', 'max_steps'),
            linear=('epochs', 'batch_size', 'seed', 'standardise'),
            knn=('temperature',),
        )
        facts = {name: getattr(self, name) for name in parts[self.kind]}
        return dict(
            kind=self.kind,
            grid=self.grid,
            uncertain=self.uncertain,
            exclusive=self.exclusive,
            chosen_by=chosen_by if len(self.grid) > 1 else 'the only value',
            **facts,
        )


def take_films(features: Features, rows: np.ndarray) -> Features:
    """Some of the films, by number."""
    return replace(
        features,
        features=np.asarray(features.features)[rows],
        labels=features.labels[rows],
        images=[features.images[row] for row in rows],
        patient_ids=[features.patient_ids[row] for row in rows],
    )


def choose_setting(
    train: Features, val: Features | None, settings: ProbeSettings
) -> tuple[int, np.ndarray]:
    """Number of the best setting of the grid, and the mean AUROC of each.

    Args:
        train: films to fit on.
        val: films to choose on; None chooses on folds of ``train``, grouped by patient:
            each film is scored by a probe that saw none of its patient.
        settings: with the grid.

    Raises:
        ValueError: no label has both values among the films to choose on.
    """
    if len(settings.grid) == 1:
        return 0, np.array([np.nan])
    if val is not None:
        (scores,), judged = probe_scores(train, [val], settings), val
    else:
        folds, judged = fold_numbers(train.patient_ids), train
        shape = (len(settings.grid), *train.labels.shape)
        scores = np.full(shape, np.nan, np.float32)
        for fold in range(min(NUM_FOLDS, folds.max() + 1)):
            inside, rest = np.flatnonzero(folds == fold), np.flatnonzero(folds != fold)
            if len(rest) == 0:
                continue
            fitted, asked = take_films(train, rest), take_films(train, inside)
            scores[:, inside] = probe_scores(fitted, [asked], settings)[0]
    return choose(scores, resolve_uncertain(judged.labels, settings.uncertain))


def probe_scores(
    train: Features, others: Sequence[Features], settings: ProbeSettings
) -> list[np.ndarray]:
    """Scores of films under each setting, (K, N, C), for each set of films."""
    features, *queries = (_tensor(x.features) for x in (train, *others))
    labels = torch.from_numpy(resolve_uncertain(train.labels, settings.uncertain))
    if settings.kind == 'knn':
        return _vote(features, labels, queries, settings)
    scaled = Standardiser(features) if settings.standardise else _unchanged
    features = scaled(features)
    if settings.kind == 'linear':
        coefficients = fit_linear(
            features,
            labels,
            settings.grid,
            epochs=settings.epochs,
            batch_size=settings.batch_size,
            seed=settings.seed,
            standardise=False,
            exclusive=settings.exclusive,
        )
    elif settings.exclusive:
        coefficients = fit_multinomial(
            features, labels, settings.grid, max_steps=settings.max_steps
        )
    else:
        coefficients = fit_logistic(
            features,
            labels,
            settings.grid,
            max_steps=settings.max_steps,
            standardise=False,
        )
    return [
        linear_scores(scaled(query), coefficients, settings.exclusive).numpy()
        for query in queries
    ]


def _vote(
    features: Tensor, labels: Tensor, queries: list[Tensor], settings: ProbeSettings
) -> list[np.ndarray]:
    mean = features.mean(0)  # a common offset would make all films alike
    numbers = [min(int(k), len(features)) for k in settings.grid]
    return [
        knn_scores(
            features - mean, labels, query - mean, numbers, settings.temperature
        ).numpy()
        for query in queries
    ]


def _tensor(array: np.ndarray) -> Tensor:
    return torch.from_numpy(np.array(array))  # mapped arrays are read-only


def _unchanged(features: Tensor) -> Tensor:
    return features
