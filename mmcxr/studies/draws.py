"""Fewer labels to learn from: shares of the films, or a few of each class."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from mmcxr.datasets.tables.splits import take_fraction, unit_hash
from mmcxr.evaluation.functional.labels import resolve_uncertain

from .feature_cache import Features


@dataclass(frozen=True)
class Draw:
    """Which of the training films are learned from; all of them by default.

    Args:
        fraction: share of the films; smaller shares lie inside larger ones.
        shots: of each class so many films that have it and, where classes are not
            exclusive, so many that have not, each of another patient; fewer lie
            inside more. 0 is no limit.
        seed: of the draw, and of what a probe draws.
    """

    fraction: float = 1.0
    shots: int = 0
    seed: int = 0

    def __post_init__(self):
        if not 0 < self.fraction <= 1:
            raise ValueError(
                f'a label fraction is above 0 and 1 at most, not {self.fraction:g}'
            )
        if self.shots < 0:
            raise ValueError(f'few-shot takes a number above 0, not {self.shots}')

    @property
    def budget(self) -> str:
        """In words; empty for all films."""
        if self.shots:
            return f'{self.shots} per class'
        return f'{100 * self.fraction:g} % of the films' if self.fraction < 1 else ''

    @property
    def short(self) -> str:
        """As a part of a folder's name."""
        if self.shots:
            return f'{self.shots}-shot'
        return f'{100 * self.fraction:g}pct' if self.fraction < 1 else 'all'

    def described(self) -> dict:
        """For the spec of a result; empty for all films."""
        if self.shots:
            return dict(shots=self.shots, seed=self.seed)
        return dict(fraction=self.fraction, seed=self.seed) if self.fraction < 1 else {}

    def rows(self, train: Features, exclusive: bool, uncertain: str) -> np.ndarray:
        """Numbers of the films drawn, ascending.

        Raises:
            ValueError: fewer patients have, or have not, a class than are asked for.
        """
        labels = resolve_uncertain(train.labels, uncertain)
        if self.shots:
            return self._few(train, labels, exclusive)
        rows = np.arange(len(labels))
        if self.fraction == 1:
            return rows
        names = [str(c) for c in range(labels.shape[1])]
        table = pd.DataFrame(labels, columns=names)
        table['patient_id'] = list(train.patient_ids)
        return take_fraction(table, rows, self.fraction, self.seed, names)

    def _few(self, train: Features, labels: np.ndarray, exclusive: bool) -> np.ndarray:
        patients = np.asarray(train.patient_ids)
        order = np.argsort(
            unit_hash(patients, f'mmcxr shots {self.seed}'), kind='stable'
        )
        chosen: set[int] = set()
        for name, column in zip(train.facts['classes'], labels.T, strict=True):
            for value in (1,) if exclusive else (1, 0):
                having = order[column[order] == value]
                _, first = np.unique(patients[having], return_index=True)
                if len(first) < self.shots:
                    word = 'with' if value else 'without'
                    raise ValueError(
                        f'{len(first)} training patients {word} {name!r}, fewer than '
                        f'the {self.shots} of few-shot'
                    )
                chosen.update(having[np.sort(first)][: self.shots].tolist())
        return np.array(sorted(chosen), np.int64)
