"""What a comparison of encoders on a person's own films is asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mmcxr.studies.probes.fit import ProbeSettings

from .csv_data import CSVData
from .draws import Draw
from .sources import ModelSource

PROBES = ('logreg', 'linear', 'knn', 'finetune')
_KINDS = dict(logreg='logistic', linear='linear', knn='knn')


@dataclass(frozen=True)
class Study:
    """What is compared, and how.

    Args:
        data: the films.
        sources: the models.
        out: folder of everything that is written.
        probes: some of :data:`PROBES`.
        fractions: shares of the training films.
        shots: few of each class, besides.
        seeds: of draws and of probes that draw.
        uncertain: what -1 counts as: ``ignore``, ``zeros`` or ``ones``.
        cxrlearn: films, penalties and scaling as cxrlearn has them.
        grid: of the probe's setting, where there is one probe; empty is its default.
        epochs: of ``linear``.
        batch_size: of extraction.
        workers: processes that read films.
        device: of the models.
        amp: extract in bfloat16.
        num_resamples: of the intervals.
        options: dotted key -> value, merged into the config of ``finetune``.
    """

    data: CSVData
    sources: Sequence[ModelSource]
    out: Path
    probes: Sequence[str] = ('logreg',)
    fractions: Sequence[float] = (1.0,)
    shots: Sequence[int] = ()
    seeds: Sequence[int] = (0,)
    uncertain: str = 'ignore'
    cxrlearn: bool = False
    grid: Sequence[float] = ()
    epochs: int = 50
    batch_size: int = 64
    workers: int = 0
    device: str = 'cpu'
    amp: bool = False
    num_resamples: int = 1000
    options: Mapping = field(default_factory=dict)

    def __post_init__(self):
        for name in self.probes:
            if name not in PROBES:
                raise ValueError(f'probe {name!r} is none of {", ".join(PROBES)}')
        for values in (self.probes, self.fractions, self.shots, self.seeds):
            if len(set(values)) < len(values):
                raise ValueError(f'named twice: {" ".join(map(str, values))}')
        if self.grid and len(self.probes) > 1:
            raise ValueError('a grid is for one probe; name one')
        self.draws(self.probes[0])

    def draws(self, name: str) -> list[Draw]:
        """Draws under one probe; where nothing is drawn one seed says all."""
        budgets = [dict(fraction=f) for f in self.fractions]
        budgets += [dict(shots=k) for k in self.shots]
        found = []
        for budget in budgets:
            drawn = budget != dict(fraction=1.0) or name in ('linear', 'finetune')
            seeds = self.seeds if drawn else self.seeds[:1]
            found += [Draw(**budget, seed=seed) for seed in seeds]
        return found

    def settings(self, name: str, seed: int) -> ProbeSettings:
        """Of one probe."""
        exclusive, grid, steps = self.data.exclusive, self.grid, 500
        if self.cxrlearn and name == 'logreg':
            grid = grid or ((0.316,) if exclusive else (0.0327,))
            steps = 100 if exclusive else 500
        return ProbeSettings(
            _KINDS[name],
            grid,
            self.uncertain,
            epochs=self.epochs,
            seed=seed,
            exclusive=exclusive,
            standardise=not self.cxrlearn,
            max_steps=steps,
        )
