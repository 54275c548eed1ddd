"""Which encoder serves best: every model under every probe on a person's own films."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from mmcxr.apis.loaded_model import LoadedModel

from .feature_cache import Features, load_features
from .features import extract_features
from .probed_cell import ProbedCell
from .study import Study
from .sweep import Say, Sweep

# What a user can put right, or a machine too small: the other models go on.
_FAILURES = (ValueError, OSError, KeyError, TypeError, RuntimeError)


class Measured(NamedTuple):
    """A cell that is done, without the model: a study has one in memory.

    Args:
        model: name.
        probe: name.
        budget: films that were learned from, in words; empty for all.
        folder: of ``results.json`` and ``scores.csv.gz``.
    """

    model: str
    probe: str
    budget: str
    folder: Path


def run_study(
    study: Study,
    say: Say = print,
    progress: Callable[[str, int, int], None] | None = None,
) -> tuple[list[Measured], list[str]]:
    """Measure every cell that is not done.

    Args:
        study: what to do.
        say: told what happens.
        progress: called with what is extracted, the films done and all films.

    Returns:
        Cells that are done, and a message for each failure.
    """
    measured, sweep = [], Sweep(_FAILURES)
    for number, source in enumerate(study.sources, 1):
        say(f'[{number}/{len(study.sources)}] {source.name}')

        def opened(source=source) -> tuple[LoadedModel, dict[str, Features]]:
            loaded = source.open(study.device, study.cxrlearn)
            return loaded, _extract(study, loaded, progress)

        model = sweep.attempt(source.name, opened, lambda text: say(f'  {text}'))
        for name in study.probes if model else ():
            for draw in study.draws(name):
                cell = ProbedCell(study, *model, name, draw)
                if sweep.run(cell, lambda text, c=cell: say(f'  {c.what}: {text}')):
                    measured.append(
                        Measured(cell.model, name, draw.budget, cell.folder)
                    )
    return measured, sweep.failures


def _extract(
    study: Study, loaded: LoadedModel, progress: Callable | None
) -> dict[str, Features]:
    """Features of the splits, computed where the cache has them not."""
    splits = ('train', 'val', 'test') if study.data.has_val else ('train', 'test')
    return {split: _features(study, loaded, split, progress) for split in splits}


def _features(
    study: Study, loaded: LoadedModel, split: str, progress: Callable | None
) -> Features:
    def count(done: int, total: int) -> None:
        if progress:
            progress(f'{loaded.facts["name"]} {split}', done, total)

    folder = extract_features(
        loaded,
        study.data.dataset(split),
        study.out / 'features',
        study.batch_size,
        study.workers,
        study.amp,
        count,
    )
    return load_features(folder)
