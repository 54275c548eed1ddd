"""One model under one probe, learned from one draw of the training films."""

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from mmengine.config import Config

from mmcxr.apis.loaded_model import LoadedModel
from mmcxr.studies.probes.fit import take_films
from mmcxr.studies.probes.probe import probe

from .cell import Cell
from .draws import Draw
from .feature_cache import Features
from .finetune import finetune, finetune_config, is_noted
from .study import Study


@dataclass(frozen=True)
class ProbedCell(Cell):
    """Model, probe and draw of a study; of another spec it is measured anew.

    Args:
        study: what it is part of.
        loaded: the model.
        splits: its features.
        probe: one of :data:`~.study.PROBES`.
        draw: of the training films.
    """

    study: Study
    loaded: LoadedModel
    splits: dict[str, Features]
    probe: str
    draw: Draw

    @property
    def what(self) -> str:
        """Probe, films and seed in words."""
        parts = [self.probe, self.draw.budget, f'seed {self.draw.seed}']
        return ', '.join(filter(None, parts))

    @property
    def model(self) -> str:
        """Name of the model."""
        return self.loaded.facts['name']

    @property
    def name(self) -> str:
        """In words."""
        return f'{self.model}, {self.what}'

    @property
    def folder(self) -> Path:
        """Where its files are."""
        name = f'{self.probe}_{self.draw.short}_seed{self.draw.seed}'
        return self.study.out / 'models' / self.model / name

    @cached_property
    def config(self) -> Config:
        """Of the fine-tuning."""
        return finetune_config(self.loaded, self.study, self.draw, self.folder)

    def find_spec(self) -> dict:
        """Draw, seed, model, films and labels of the splits, and how it is probed."""
        spec = dict(
            draw=self.draw.described(),
            seed=self.draw.seed,
            num_resamples=self.study.num_resamples,
            model=self.loaded.facts,
            left_out=self.study.data.left_out,
            **{split: _films_facts(found) for split, found in self.splits.items()},
        )
        if self.probe == 'finetune':
            return spec | dict(config=self.config.to_dict())
        chosen_on = 'val' if self.study.data.has_val else 'folds'
        settings = self.study.settings(self.probe, self.draw.seed)
        return spec | dict(settings=settings.described(chosen_on))

    def accepts(self, results: dict) -> bool:
        """Where the scores are there too."""
        return (self.folder / 'scores.csv.gz').is_file()

    def measure(self, say: Callable[[str], None]) -> None:
        """Probe the features, or fine-tune; a training that was cut off goes on."""
        run, warnings = self.folder / 'run', self.study.data.unreadable_lines()
        same = self.state() in ('begun', 'trained') or is_noted(run, self.spec)
        if not same and run.exists():  # before the note says that it is of this spec
            shutil.rmtree(run)
        self.note(trained=False)
        if self.probe == 'finetune':
            say(f'training, see {run}')
            finetune(self.config, run, self.model, warnings)
        else:
            self._probe(warnings)
        self.note(trained=True)
        say('done')

    def _probe(self, warnings: list[str]) -> None:
        study, draw, train = self.study, self.draw.described(), self.splits['train']
        rows = self.draw.rows(train, study.data.exclusive, study.uncertain)
        probe(
            take_films(train, rows),
            self.splits.get('val'),
            self.splits['test'],
            study.settings(self.probe, self.draw.seed),
            self.folder,
            study.num_resamples,
            dict(draw, films=len(rows)) if draw else None,
            warnings,
        )


def _films_facts(features: Features) -> dict:
    """What results follow from in a set of features."""
    digest = hashlib.sha256(np.asarray(features.labels, np.float32).tobytes())
    for image, patient in zip(features.images, features.patient_ids, strict=True):
        digest.update(f'{image}\0{patient}\n'.encode())
    return dict(
        key=features.facts['key'],
        features=features.facts['features_sha256'],
        films=digest.hexdigest(),
        classes=features.facts['classes'],
    )
