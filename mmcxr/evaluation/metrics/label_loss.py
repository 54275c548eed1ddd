"""Cross entropy of labels in validation, which CXR-CLIP chooses its probes by."""

from collections.abc import Sequence

import numpy as np

from mmcxr.evaluation.functional.labels import resolve_uncertain
from mmcxr.evaluation.functional.report import make_report
from mmcxr.registry import METRICS

from .base import ReportMetric, require_keys, stack_equal, to_array

_DEFINITIONS = dict(bce='binary cross entropy in nats, mean over all known labels')
# Below this a float32 probability near 1 cannot be told from 1.
_LEAST = 1e-7


@METRICS.register_module()
class LabelLossMetric(ReportMetric):
    """Binary cross entropy of probabilities, the loss of ``MultiLabelHead``.

    Reads ``scores`` (C,), probabilities, and ``gt_label`` (C,) of 1, 0, -1
    (uncertain) and NaN (unknown, left out) of each sample. Probabilities count as at
    least 1e-7 away from 0 and 1. The mean is over the whole split, where the
    released code averages over batches of 256, of which the last is smaller.

    Args:
        uncertain: what -1 counts as: 'zeros' (released), 'ones' or 'ignore'; give
            the one the head is trained with.
        collect_device: 'cpu' or 'gpu', see mmengine.
        prefix: first part of the metric names.
    """

    default_prefix = 'label_loss'

    def __init__(
        self,
        uncertain: str = 'zeros',
        collect_device: str = 'cpu',
        prefix: str | None = None,
    ) -> None:
        super().__init__(0, 0, collect_device, prefix)
        resolve_uncertain(np.zeros((0, 1)), uncertain)
        self.uncertain = uncertain

    def collect(self, sample: dict) -> dict:
        """Scores and labels of one film."""
        require_keys(sample, 'scores', 'gt_label')
        return dict(
            scores=to_array(sample['scores']).reshape(-1),
            label=to_array(sample['gt_label']).reshape(-1),
        )

    def make_report(self, results: list[dict]) -> tuple[dict, dict[str, Sequence]]:
        """See :class:`ReportMetric`."""
        scores = stack_equal(results, 'scores').astype(np.float64)
        labels = resolve_uncertain(stack_equal(results, 'label'), self.uncertain)
        if scores.shape != labels.shape or scores.min() < 0 or scores.max() > 1:
            raise ValueError(
                f'LabelLossMetric needs a probability per label, got scores '
                f'{scores.shape} within {scores.min():g}..{scores.max():g} for labels '
                f'{labels.shape}'
            )
        known = ~np.isnan(labels)
        counts = known.sum(0)
        prevalence = (labels == 1).sum(0) / np.maximum(counts, 1)
        constant = np.broadcast_to(prevalence, labels.shape)
        chance = dict(
            value=_cross_entropy(constant[known], labels[known]),
            definition='the prevalence of each class for every film',
        )
        report = make_report(
            dict(
                bce=dict(value=_cross_entropy(scores[known], labels[known]), ci95=None)
            ),
            _DEFINITIONS,
            dict(bce=chance),
            dict(type=type(self).__name__, uncertain=self.uncertain),
            dict(images=len(results), labels=int(counts.sum())),
            dict(method='none', num_resamples=0),
            [f'uncertain labels: {self.uncertain}'],
            [],
        )
        return report, {}


def _cross_entropy(probabilities: np.ndarray, labels: np.ndarray) -> float | None:
    """Mean over (N,) labels of 0 and 1; None of none."""
    if not len(labels):
        return None
    p = np.clip(probabilities, _LEAST, 1 - _LEAST)
    return float(-np.where(labels == 1, np.log(p), np.log1p(-p)).mean())
