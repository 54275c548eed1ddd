"""Which encoder serves best: every model under every probe on a person's own films."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mmcxr.studies.probes.fit import ProbeSettings, take_films
from mmcxr.studies.probes.probe import probe

from .cell import Cell, films_facts
from .csv_data import CSVData
from .draws import Draw
from .feature_cache import Features, load_features
from .features import NamedModel, extract_features
from .finetune import finetune, finetune_config
from .sources import ModelSource

PROBES = ('logreg', 'linear', 'knn', 'finetune')
_KINDS = dict(logreg='logistic', linear='linear', knn='knn')
# What a user can put right, or a machine too small: the other models go on.
_FAILURES = (ValueError, OSError, KeyError, TypeError, RuntimeError)


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


def run_study(
    study: Study,
    say: Callable[[str], None] = print,
    progress: Callable[[str, int, int], None] | None = None,
) -> tuple[list[tuple[Cell, dict]], list[str]]:
    """Measure every cell that is not finished.

    Args:
        study: what to do.
        say: told what happens.
        progress: called with what is extracted, the films done and all films.

    Returns:
        Finished cells with their results, and a message for each failure.
    """
    failures: list[str] = []
    finished: list[tuple[Cell, dict]] = []
    for number, source in enumerate(study.sources, 1):
        say(f'[{number}/{len(study.sources)}] {source.name}')
        try:
            named = source.open(study.device, study.cxrlearn)
            splits = _extract(study, named, progress)
        except _FAILURES as error:
            failures.append(f'{source.name}: {_message(error)}')
            say(f'  failed: {_message(error)}')
            continue
        for name in study.probes:
            for draw in study.draws(name):
                cell = Cell(source.name, name, draw, study.out / 'models')
                try:
                    measured = _measure(study, cell, named, splits, say)
                    finished.append((cell, measured))
                except _FAILURES as error:
                    failures.append(f'{cell.name}: {_message(error)}')
                    say(f'  failed: {_message(error)}')
    return finished, failures


def _extract(
    study: Study, named: NamedModel, progress: Callable | None
) -> dict[str, Features]:
    """Features of the splits, computed where the cache has them not."""
    splits = ('train', 'val', 'test') if study.data.has_val else ('train', 'test')
    return {split: _features(study, named, split, progress) for split in splits}


def _features(
    study: Study, named: NamedModel, split: str, progress: Callable | None
) -> Features:
    def count(done: int, total: int) -> None:
        if progress:
            progress(f'{named.facts["name"]} {split}', done, total)

    folder = extract_features(
        named,
        study.data.dataset(split),
        study.out / 'features',
        study.batch_size,
        study.workers,
        study.amp,
        count,
    )
    return load_features(folder)


def _measure(
    study: Study,
    cell: Cell,
    named: NamedModel,
    splits: dict[str, Features],
    say: Callable,
) -> dict:
    """Results of a cell, found or made."""
    draw = cell.draw
    what = ' '.join(filter(None, [cell.probe, draw.budget, f'seed {draw.seed}']))
    spec = dict(
        draw=draw.described(),
        seed=draw.seed,
        num_resamples=study.num_resamples,
        model=named.facts,
        left_out=study.data.left_out,
        **{split: films_facts(found) for split, found in splits.items()},
    )
    if cell.probe == 'finetune':
        cfg = finetune_config(
            named,
            study.data,
            cell,
            study.uncertain,
            study.cxrlearn,
            study.workers,
            study.num_resamples,
            study.options,
        )
        spec['config'] = cfg.to_dict()
        if (results := cell.finished(spec)) is None:
            cell.begin()
            say(f'  {what}: training, see {cell.folder / "run"}')
            results = finetune(cfg, cell, spec, study.data.unreadable_lines())
            cell.finish(spec)
            return results
        say(f'  {what}: finished before')
        return results
    settings = study.settings(cell.probe, draw.seed)
    spec['settings'] = settings.described('val' if study.data.has_val else 'folds')
    if results := cell.finished(spec):
        say(f'  {what}: finished before')
        return results
    cell.begin()
    rows = draw.rows(splits['train'], study.data.exclusive, study.uncertain)
    results = probe(
        take_films(splits['train'], rows),
        splits.get('val'),
        splits['test'],
        settings,
        cell.folder,
        study.num_resamples,
        dict(draw.described(), films=len(rows)) if draw.described() else None,
        study.data.unreadable_lines(),
    )
    cell.finish(spec)
    say(f'  {what}: done')
    return results


def _message(error: BaseException) -> str:
    return ' '.join(str(error).strip('\'"').split()) or type(error).__name__
