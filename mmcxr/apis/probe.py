"""Probe frozen features: fit on one split, choose on another, measure on a third.

N films, D features, C classes, K settings that are tried.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from mmcxr.engine.run_spec import (
    describe_lacking,
    describe_overlap,
    describe_protocol,
    versions,
)
from mmcxr.evaluation.functional.labels import resolve_uncertain
from mmcxr.evaluation.functional.probes import Standardiser, choose, linear_scores
from mmcxr.evaluation.functional.probes_knn import knn_scores
from mmcxr.evaluation.functional.probes_linear import fit_linear
from mmcxr.evaluation.functional.probes_logistic import fit_logistic
from mmcxr.evaluation.functional.results import (
    build_results,
    write_results,
    write_scores,
)
from mmcxr.evaluation.metrics.classification import ClassificationMetric

from .feature_cache import FeatureError, Features

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
    """

    kind: str = 'logistic'
    grid: Sequence[float] = ()
    uncertain: str = 'ignore'
    epochs: int = 50
    batch_size: int = 256
    temperature: float = 0.07
    seed: int = 0

    def __post_init__(self):
        if self.kind not in KINDS:
            raise ValueError(f'kind {self.kind!r} is none of {", ".join(KINDS)}')
        resolve_uncertain(np.zeros((0, 1)), self.uncertain)
        object.__setattr__(self, 'grid', tuple(self.grid or GRIDS[self.kind]))

    def described(self) -> dict:
        """For the spec of a result: what plays a part."""
        parts = dict(
            logistic=(), linear=('epochs', 'batch_size', 'seed'), knn=('temperature',)
        )
        facts = {name: getattr(self, name) for name in parts[self.kind]}
        return dict(
            kind=self.kind,
            grid=self.grid,
            uncertain=self.uncertain,
            chosen_by='mean AUROC on the validation split',
            **facts,
        )


def probe(
    train: Features,
    val: Features,
    test: Features,
    settings: ProbeSettings,
    out: str | Path | None = None,
    num_resamples: int = 1000,
) -> dict:
    """Fit, choose, measure.

    Args:
        train: to fit on; see :func:`mmcxr.apis.feature_cache.load_features`.
        val: to choose the setting on.
        test: to measure on.
        settings: of the probe.
        out: folder for ``results.json`` and ``scores.csv.gz``; None writes nothing.
        num_resamples: of the intervals.

    Returns:
        What ``results.json`` holds.

    Raises:
        FeatureError: the three are of different models, preprocessing or classes.
        ValueError: no class can be probed.
    """
    _check_alike(train, val, test)
    scores = probe_scores(train, [val, test], settings)
    labels = resolve_uncertain(val.labels, settings.uncertain)
    best, means = choose(scores[0], labels)
    chosen = dict(
        value=settings.grid[best],
        val_auroc={str(v): m for v, m in zip(settings.grid, means, strict=True)},
    )
    # A class that could not be fitted answers the same for every film.
    found = np.nan_to_num(scores[1][best], nan=0.5)
    report, columns = _report(test, found, settings, num_resamples)
    results = _results(train, test, settings, chosen, report)
    if out is not None:
        write_results(Path(out) / 'results.json', results)
        write_scores(Path(out) / 'scores.csv.gz', columns)
    return results


def probe_scores(
    train: Features, others: Sequence[Features], settings: ProbeSettings
) -> list[np.ndarray]:
    """Scores of films under each setting, (K, N, C), for each set of films."""
    features, *queries = (_tensor(x.features) for x in (train, *others))
    labels = torch.from_numpy(resolve_uncertain(train.labels, settings.uncertain))
    if settings.kind == 'knn':
        mean = features.mean(0)  # a common offset would make all films alike
        scores = [
            knn_scores(
                features - mean,
                labels,
                query - mean,
                [min(int(k), len(features)) for k in settings.grid],
                settings.temperature,
            )
            for query in queries
        ]
        return [score.numpy() for score in scores]
    if settings.kind == 'logistic':
        coefficients = fit_logistic(features, labels, settings.grid)
    else:
        coefficients = fit_linear(
            features,
            labels,
            settings.grid,
            epochs=settings.epochs,
            batch_size=settings.batch_size,
            seed=settings.seed,
        )
    scaled = Standardiser(features)
    return [linear_scores(scaled(query), coefficients).numpy() for query in queries]


def _tensor(array: np.ndarray) -> Tensor:
    return torch.from_numpy(np.array(array))  # mapped arrays are read-only


def _check_alike(train: Features, *others: Features) -> None:
    for other in others:
        for what in ('model', 'preprocessing'):
            if other.facts['key'][what] != train.facts['key'][what]:
                raise FeatureError(
                    f'features of {other.facts["metainfo"].get("split")!r} are of '
                    f'another {what} than those of '
                    f'{train.facts["metainfo"].get("split")!r}; extract both alike'
                )
        if other.facts['classes'] != train.facts['classes']:
            raise FeatureError(
                f'classes differ: {train.facts["classes"]} and {other.facts["classes"]}'
            )


def _report(
    test: Features, scores: np.ndarray, settings: ProbeSettings, num_resamples: int
) -> tuple[dict, dict]:
    """Report and columns per image of the test films."""
    classes = list(test.facts['classes'])
    metric = ClassificationMetric(
        classes=classes,
        task='binary' if len(classes) == 1 else 'multilabel',
        uncertain=settings.uncertain,
        num_resamples=num_resamples,
    )
    films = zip(test.images, test.patient_ids, scores, test.labels, strict=True)
    metric.process(
        None,
        [
            dict(image=image, patient_id=patient, scores=score, gt_label=label)
            for image, patient, score, label in films
        ],
    )
    metric.evaluate(len(test.images))
    return metric.report, metric.per_image


def _results(
    train: Features,
    test: Features,
    settings: ProbeSettings,
    chosen: Mapping,
    report: dict,
) -> dict:
    metainfo = test.facts['metainfo']
    config = dict(
        test_dataloader=dict(dataset=test.facts['dataset']),
        train_dataloader=dict(dataset=train.facts['dataset']),
    )
    protocol = describe_protocol(config, metainfo, test.images)
    protocol['probe'] = settings.described()
    lacking, sentences = describe_lacking(metainfo)
    return build_results(
        protocol,
        dict(test.facts['model'], probe=chosen),
        versions(),
        {'classification': report},
        describe_overlap(metainfo),
        sentences,
        lacking,
    )
