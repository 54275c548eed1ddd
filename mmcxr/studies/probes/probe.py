"""Probe frozen features: fit on one split, choose on another, measure on a third.

N films, D features, C classes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from mmcxr.engine.run_spec import (
    describe_lacking,
    describe_overlap,
    describe_protocol,
    versions,
)
from mmcxr.evaluation.functional.results import (
    build_results,
    write_results,
    write_scores,
)
from mmcxr.evaluation.metrics.classification import ClassificationMetric
from mmcxr.studies.feature_cache import FeatureError, Features
from mmcxr.studies.patient_folds import NUM_FOLDS

from .fit import ProbeSettings, choose_setting, probe_scores

_ON_VAL = 'mean AUROC on the validation split'
_ON_FOLDS = f'mean AUROC on {NUM_FOLDS} folds of the training split, grouped by patient'


def probe(
    train: Features,
    val: Features | None,
    test: Features,
    settings: ProbeSettings,
    out: str | Path | None = None,
    num_resamples: int = 1000,
    draw: Mapping | None = None,
    warnings: Sequence[str] = (),
) -> dict:
    """Fit, choose, measure.

    Args:
        train: to fit on; see :func:`mmcxr.studies.feature_cache.load_features`.
        val: to choose the setting on; None chooses on folds of ``train``.
        test: to measure on.
        settings: of the probe.
        out: folder for ``results.json`` and ``scores.csv.gz``; None writes nothing.
        num_resamples: of the intervals.
        draw: how ``train`` was drawn from its split, for the spec.
        warnings: sentences that a reader of the result must not miss.

    Returns:
        What ``results.json`` holds.

    Raises:
        FeatureError: the three are of different models, preprocessing or classes.
        ValueError: no class can be probed.
    """
    _check_alike(train, *([val] if val else []), test)
    best, means = choose_setting(train, val, settings)
    chosen = dict(
        value=settings.grid[best],
        val_auroc={str(v): m for v, m in zip(settings.grid, means, strict=True)},
    )
    fitted = replace(settings, grid=(settings.grid[best],))
    # A class that could not be fitted answers the same for every film.
    found = np.nan_to_num(probe_scores(train, [test], fitted)[0][0], nan=0.5)
    report, columns = _report(test, found, settings, num_resamples)
    described = settings.described(_ON_FOLDS if val is None else _ON_VAL)
    described |= dict(draw=dict(draw)) if draw else {}
    results = _results(train, test, described, chosen, report)
    results['warnings'] += warnings
    if out is not None:
        write_results(Path(out) / 'results.json', results)
        write_scores(Path(out) / 'scores.csv.gz', columns)
    return results


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
    task = 'binary' if len(classes) == 1 else 'multilabel'
    metric = ClassificationMetric(
        classes=classes,
        task='multiclass' if settings.exclusive else task,
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
    described: Mapping,
    chosen: Mapping,
    report: dict,
) -> dict:
    metainfo = test.facts['metainfo']
    config = dict(
        test_dataloader=dict(dataset=test.facts['dataset']),
        train_dataloader=dict(dataset=train.facts['dataset']),
    )
    protocol = describe_protocol(config, metainfo, test.images)
    protocol['probe'] = described
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
