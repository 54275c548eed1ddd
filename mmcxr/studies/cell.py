"""One model under one probe: measured once, found again the next time.

A cell is a folder with ``results.json``, ``scores.csv.gz`` and ``cell.json``, which
holds all that the numbers follow from. Where this is as before, nothing is done.
"""

import csv
import gzip
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mmcxr.evaluation.functional.results import plain, read_results, write_results

from .draws import Draw
from .feature_cache import Features


@dataclass(frozen=True)
class Cell:
    """Model, probe and draw.

    Args:
        model: name.
        probe: ``logreg``, ``linear``, ``knn`` or ``finetune``.
        draw: of the training films.
        root: folder of the study.
    """

    model: str
    probe: str
    draw: Draw
    root: Path

    @property
    def name(self) -> str:
        """In words."""
        seed = f'seed {self.draw.seed}'
        return ', '.join(filter(None, [self.model, self.probe, self.draw.budget, seed]))

    @property
    def folder(self) -> Path:
        """Where its files are."""
        budget = 'all'
        if self.draw.shots:
            budget = f'{self.draw.shots}-shot'
        elif self.draw.fraction < 1:
            budget = f'{100 * self.draw.fraction:g}pct'
        return self.root / self.model / f'{self.probe}_{budget}_seed{self.draw.seed}'

    def finished(self, spec: Mapping) -> dict | None:
        """Contents of ``results.json``, if they follow from this spec."""
        try:
            noted = json.loads((self.folder / 'cell.json').read_text(encoding='utf-8'))
            results = read_results(self.folder / 'results.json')
        except (OSError, ValueError):
            return None
        there = (self.folder / 'scores.csv.gz').is_file()
        return results if there and noted == plain(spec) else None

    def finish(self, spec: Mapping) -> None:
        """Note what the results follow from."""
        write_results(self.folder / 'cell.json', plain(spec))

    def begin(self) -> None:
        """Forget a former note, before results change."""
        (self.folder / 'cell.json').unlink(missing_ok=True)


def films_facts(features: Features) -> dict:
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


def read_scores(
    folder: Path, classes: list[str]
) -> tuple[list[str], list[str], np.ndarray, np.ndarray]:
    """Images, patients, scores (N, C) and labels (N, C) of a cell."""
    with gzip.open(folder / 'scores.csv.gz', 'rt', encoding='utf-8') as file:
        rows = list(csv.DictReader(file))

    def table(kind: str) -> np.ndarray:
        cells = [[_value(row[f'{kind}_{name}']) for name in classes] for row in rows]
        return np.array(cells, np.float64).reshape(len(rows), len(classes))

    images, patients = ([row[key] for row in rows] for key in ('image', 'patient_id'))
    return images, patients, table('score'), table('label')


def _value(cell: str) -> float:
    """A number, an empty cell, or a label of exclusive classes as it is written."""
    words = {'': np.nan, 'True': 1.0, 'False': 0.0}
    return words[cell] if cell in words else float(cell)
