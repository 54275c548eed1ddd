"""Classification: multi-label findings, one finding, or exclusive classes."""

from collections.abc import Sequence

import numpy as np

from mmcxr.evaluation.functional.classification import (
    CLASS_DEFINITIONS,
    DEFINITIONS,
    MULTICLASS_CLASS_DEFINITIONS,
    MULTICLASS_DEFINITIONS,
    MulticlassStatistics,
    MultilabelStatistics,
    standardised,
)
from mmcxr.evaluation.functional.labels import class_counts, resolve_uncertain
from mmcxr.evaluation.functional.report import make_report
from mmcxr.registry import METRICS

from .base import (
    ReportMetric,
    exclusive_class,
    identity,
    image_columns,
    require_keys,
    stack_equal,
    to_array,
)

TASKS = ('multilabel', 'multiclass', 'binary')


@METRICS.register_module()
class ClassificationMetric(ReportMetric):
    """AUROC, average precision, accuracy and F1 with intervals and baselines.

    Reads ``scores`` (C,) and ``gt_label`` of each sample: (C,) of 1, 0, -1
    (uncertain) and NaN (unknown) for findings; for exclusive classes an int, or
    (C,) with a single 1.  A class with one label value only has no AUROC: it is
    null, named in the warnings, and left out of every mean.

    Labels are in the order of ``classes`` in the data set's metainfo; scores too,
    unless the samples name another order in ``score_classes``, as a prompt head
    does.  The two are brought together by name.

    Args:
        classes: names of those evaluated; by default all that have scores.
        task: 'multilabel', 'multiclass' or 'binary'; for one finding ``scores`` may
            also be the pair of probabilities (absent, present).
        uncertain: what -1 counts as: 'ignore', 'zeros' or 'ones'.
        threshold: a score above it is a positive decision; one number, or one for
            each class.  0.5 on probabilities equals the argmax over the negative and
            positive prompt (CXR-CLIP).  Exclusive classes go by highest score.
        threshold_origin: where the threshold is from, e.g. 'best F1 on valid'.
        standardise: give the scores of each class mean 0 and deviation 1 over all
            images first, as GLoRIA's zero-shot code does with exclusive classes. What
            an image is then called depends on the others.
        num_resamples: see :class:`ReportMetric`; 0 in validation.
        seed: of the resamples.
        collect_device: 'cpu' or 'gpu', see mmengine.
        prefix: first part of the metric names.
    """

    default_prefix = 'classification'

    def __init__(
        self,
        classes: Sequence[str] | None = None,
        task: str = 'multilabel',
        uncertain: str = 'ignore',
        threshold: float | Sequence[float] = 0.5,
        threshold_origin: str = 'fixed beforehand',
        standardise: bool = False,
        num_resamples: int = 1000,
        seed: int = 0,
        collect_device: str = 'cpu',
        prefix: str | None = None,
    ) -> None:
        super().__init__(num_resamples, seed, collect_device, prefix)
        if task not in TASKS:
            raise ValueError(f'task must be one of {", ".join(TASKS)}; got {task!r}')
        resolve_uncertain(np.zeros((0, 1)), uncertain)
        self.classes = None if classes is None else list(classes)
        self.task = task
        self.uncertain = uncertain
        self.threshold = threshold
        self.threshold_origin = threshold_origin
        self.standardise = standardise
        self.score_classes: Sequence[str] | None = None

    def collect(self, sample: dict) -> dict:
        """Scores and labels of one image."""
        require_keys(sample, 'scores', 'gt_label')
        self.score_classes = sample.get('score_classes')
        scores = to_array(sample['scores']).reshape(-1)
        label = to_array(sample['gt_label']).reshape(-1)
        if not np.isfinite(scores).all():
            raise ValueError(f'scores of {identity(sample)["image"]!r} are not finite')
        if self.task == 'binary' and len(scores) == 2:
            scores = scores[1:]
        if self.task == 'multiclass':
            label = np.array([exclusive_class(label, sample)])
        return dict(scores=scores, label=label)

    def make_report(self, results: list[dict]) -> tuple[dict, dict[str, Sequence]]:
        """See :class:`ReportMetric`."""
        classes, scores, labels, warnings = self._tables(results)
        if self.standardise:
            scores = standardised(scores)
        clusters, bootstrap, interval, doubts = self.bootstrap(results)
        shared = clusters, bootstrap.num_clusters, classes
        settings = dict(type=type(self).__name__, task=self.task, classes=classes)
        if self.task == 'multiclass':
            resolved = labels
            statistic = MulticlassStatistics(scores, labels.argmax(1), *shared)
            remark = 'the decision is the class of the highest score'
            definitions = MULTICLASS_DEFINITIONS, MULTICLASS_CLASS_DEFINITIONS
        else:
            resolved = resolve_uncertain(labels, self.uncertain)
            thresholds = np.broadcast_to(self.threshold, len(classes))
            statistic = MultilabelStatistics(scores, resolved, *shared, thresholds)
            means = DEFINITIONS if len(classes) > 1 else CLASS_DEFINITIONS
            definitions = means, CLASS_DEFINITIONS
            remark = (
                f'accuracy and f1 at threshold {self.threshold} '
                f'({self.threshold_origin}); uncertain labels: {self.uncertain}'
            )
            settings |= dict(
                uncertain=self.uncertain,
                threshold=self.threshold,
                threshold_origin=self.threshold_origin,
            )
        if self.standardise:
            settings['standardise'] = True
            remark += '; scores of each class have mean 0 and deviation 1'
        if statistic.single_valued:
            names = ', '.join(statistic.single_valued)
            warnings.append(
                f'one label value only, so no AUROC and in no mean: {names}'
            )
        report = make_report(
            bootstrap.estimate(statistic),
            definitions[0],
            statistic.baselines(),
            settings,
            dict(
                images=len(results),
                classes=class_counts(labels, classes),
                evaluated=class_counts(resolved, classes),
            ),
            interval,
            [remark],
            warnings + doubts,
            definitions[1],
        )
        columns = image_columns(results)
        for c, name in enumerate(classes):
            columns[f'label_{name}'] = labels[:, c]
            columns[f'score_{name}'] = scores[:, c]
        return report, columns

    def _tables(self, results: list[dict]):
        """Classes, scores (N, C), labels (N, C) in their order, and warnings."""
        scores = stack_equal(results, 'scores')
        labels = stack_equal(results, 'label')
        score_names, label_names = self._names(scores.shape[1], labels.shape[1])
        for name in self.classes or score_names:
            for kind, names in (('label', label_names), ('score', score_names)):
                if name not in names:
                    raise ValueError(
                        f'no {kind} is called {name!r}; there are {", ".join(names)}'
                    )
        classes = self.classes or [n for n in label_names if n in score_names]
        scores = scores[:, [score_names.index(name) for name in classes]]
        places = [label_names.index(name) for name in classes]
        without = [name for name in label_names if name not in score_names]
        warnings = [f'labels without scores: {", ".join(without)}'] if without else []
        if self.task != 'multiclass':
            return classes, scores, labels[:, places], warnings
        labels = labels == places
        strays = np.flatnonzero(~labels.any(axis=1))
        if len(strays):
            raise ValueError(
                f'{len(strays)} images belong to none of {", ".join(classes)}, first '
                f'{results[strays[0]]["image"]!r}'
            )
        return classes, scores, labels, warnings

    def _names(self, num_scores: int, num_labels: int) -> tuple[list[str], list[str]]:
        """Names of the columns of scores and of labels."""
        known = list((self.dataset_meta or {}).get('classes', ()))
        if self.task == 'binary' and len(known) == 2 and num_scores == 1:
            known = known[1:]  # (absent, present), as scores may be
        offered = [names for names in (known, self.classes) if names]
        if self.task == 'multiclass':  # labels are places in the list of classes
            label_names = next(iter(offered), [])
        else:
            label_names = _of_length(offered, num_labels, 'labels')
        predicted = [list(self.score_classes)] if self.score_classes else []
        return _of_length(predicted or offered, num_scores, 'scores'), label_names


def _of_length(offered: list[list[str]], length: int, kind: str) -> list[str]:
    for names in offered:
        if len(names) == length:
            return names
    raise ValueError(
        f'{length} {kind} for the classes {next(iter(offered), [])}; name the classes '
        'in the metainfo of the data set or in the metric'
    )
