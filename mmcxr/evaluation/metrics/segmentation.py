"""Segmentation of one foreground class, and detection by the same masks."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from mmcxr.evaluation.functional.dice import (
    DEFINITIONS,
    DiceStatistics,
    empty_baselines,
    image_dice,
    pixel_counts,
)
from mmcxr.evaluation.functional.ranking import Ranking, auroc_from_sums
from mmcxr.evaluation.functional.report import make_report
from mmcxr.registry import METRICS

from .base import ReportMetric, identity, image_columns, require_keys

_DETECTION = dict(
    detection_auroc_max='AUROC of the highest foreground probability of a film, for '
    'films with a lesion against films without',
    detection_auroc_sum='AUROC of the summed foreground probability of a film, for '
    'films with a lesion against films without',
)


@METRICS.register_module()
class SegmentationMetric(ReportMetric):
    """Dice and IoU in all definitions, beside what predicting nothing scores.

    Reads ``pred_sem_seg`` and ``gt_sem_seg`` of each sample, as mmsegmentation's
    data samples hold them: dict(data=(1, H, W) int).  Where ``seg_logits`` are
    there too (one channel of probabilities, or one channel of logits per class),
    the film is also scored as a whole, by the highest and the summed probability.

    Args:
        foreground: class that counts as lesion; every other is background.
        ignore_index: class of true pixels left out.
        num_resamples: see :class:`ReportMetric`; 0 in validation.
        seed: of the resamples.
        collect_device: 'cpu' or 'gpu', see mmengine.
        prefix: first part of the metric names.
    """

    default_prefix = 'segmentation'

    def __init__(
        self,
        foreground: int = 1,
        ignore_index: int | None = 255,
        num_resamples: int = 1000,
        seed: int = 0,
        collect_device: str = 'cpu',
        prefix: str | None = None,
    ) -> None:
        super().__init__(num_resamples, seed, collect_device, prefix)
        self.foreground = foreground
        self.ignore_index = ignore_index

    def collect(self, sample: dict) -> dict:
        """Pixel counts and film scores; masks themselves are not kept.

        Computed where the tensors are: only these few numbers leave a GPU.
        """
        require_keys(sample, 'pred_sem_seg', 'gt_sem_seg')
        masks = [sample[key]['data'][0] for key in ('pred_sem_seg', 'gt_sem_seg')]
        try:
            counts = pixel_counts(*masks, self.foreground, self.ignore_index)
        except ValueError as error:
            raise ValueError(f'{identity(sample)["image"]!r}: {error}') from error
        kept = dict(counts=counts)
        if sample.get('seg_logits') is not None:
            logits = sample['seg_logits']['data'].detach()
            probability = foreground_probability(logits, self.foreground)
            kept['film_scores'] = torch.stack(
                [probability.max().double(), probability.sum(dtype=torch.float64)]
            ).tolist()
        return kept

    def make_report(self, results: list[dict]) -> tuple[dict, dict[str, Sequence]]:
        """See :class:`ReportMetric`."""
        counts = np.stack([r['counts'] for r in results])
        clusters, bootstrap, interval, warnings = self.bootstrap(results)
        dice = DiceStatistics(counts, clusters, bootstrap.num_clusters)
        definitions, baselines = dict(DEFINITIONS), empty_baselines(counts)
        lesion = counts[:, 2] > 0
        columns = image_columns(results) | dict(dice=image_dice(counts))
        names = ('intersection_pixels', 'predicted_pixels', 'true_pixels', 'pixels')
        columns |= dict(zip(names, counts.T, strict=True))
        rankings = {}
        if all('film_scores' in r for r in results):
            scores = np.array([r['film_scores'] for r in results])
            for name, column in zip(_DETECTION, scores.T, strict=True):
                rankings[name] = Ranking(column, lesion, clusters)
                columns[name.replace('detection_auroc', 'probability')] = column
            definitions |= _DETECTION
            chance = dict(value=0.5, definition='the same score for every film')
            baselines |= dict.fromkeys(_DETECTION, chance)
        if lesion.all() or not lesion.any():
            number = 'every' if lesion.any() else 'no'
            warnings.append(f'{number} film has a lesion in its true mask')

        def every_number(weights):
            undefined = np.full(weights.shape[1], np.nan)
            return dice(weights) | {
                name: auroc_from_sums(r.sums(weights)) if r.has_both else undefined
                for name, r in rankings.items()
            }

        report = make_report(
            bootstrap.estimate(every_number),
            definitions,
            baselines,
            dict(
                type=type(self).__name__,
                foreground=self.foreground,
                ignore_index=self.ignore_index,
            ),
            dict(
                images=len(results),
                empty_true_masks=int((~lesion).sum()),
                empty_predicted_masks=int((counts[:, 1] == 0).sum()),
            ),
            interval,
            [
                f'{(~lesion).sum()} of {len(results)} true masks and '
                f'{(counts[:, 1] == 0).sum()} predicted ones are empty'
            ],
            warnings,
        )
        return report, columns


def foreground_probability(logits: Tensor, foreground: int = 1) -> Tensor:
    """Probability (H, W) of the foreground class.

    Args:
        logits: (C, H, W) logits, or (1, H, W) probabilities, as mmsegmentation
            gives them for one output channel.
        foreground: class.
    """
    logits = logits.float()
    return logits[0] if len(logits) == 1 else logits.softmax(dim=0)[foreground]
