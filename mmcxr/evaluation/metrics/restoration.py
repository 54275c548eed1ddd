"""Reconstruction losses of masked films and reports, MRM's validation loss."""

from collections.abc import Sequence

import numpy as np

from mmcxr.evaluation.functional.bootstrap import WeightedSums, ratio
from mmcxr.evaluation.functional.report import make_report
from mmcxr.registry import METRICS

from .base import ReportMetric, image_columns, require_keys, stack_equal, to_array

_DEFINITIONS = dict(
    total='image + report',
    image='squared error of masked patches, mean over films',
    report='cross entropy in nats of the tokens that carry loss, mean over tokens',
)
_CHANCE = dict(
    image='each masked patch filled with its own mean',
    report='all words of the vocabulary alike',
)
_FIELDS = ('image_loss', 'image_chance', 'report_loss', 'report_chance')


@METRICS.register_module()
class RestorationMetric(ReportMetric):
    """Losses of masked record modelling over a split.

    Reads ``image_loss``, ``image_chance``, ``report_loss``, ``report_chance`` and
    ``report_tokens`` of each sample, which the model predicts. What is masked is the
    same in each evaluation where it comes with the samples.

    Args:
        num_resamples: bootstrap resamples of patients for the 95 % intervals.
        seed: of the resamples.
        collect_device: 'cpu' or 'gpu', see mmengine.
        prefix: first part of the metric names.
    """

    default_prefix = 'restoration'

    def collect(self, sample: dict) -> dict:
        """Losses of one film and its report."""
        require_keys(sample, *_FIELDS, 'report_tokens')
        tokens = int(sample['report_tokens'])
        kept = {name: to_array(sample[name], np.float64) for name in _FIELDS}
        if not tokens:
            kept['report_loss'] = np.zeros(())  # of no token, which weighs nothing
        return dict(kept, tokens=tokens)

    def make_report(self, results: list[dict]) -> tuple[dict, dict[str, Sequence]]:
        """See :class:`ReportMetric`."""
        clusters, bootstrap, interval, warnings = self.bootstrap(results)
        tokens = np.array([result['tokens'] for result in results])
        image, image_chance, words, report_chance = (
            stack_equal(results, name) for name in _FIELDS
        )
        values = np.stack([np.ones(len(results)), image, tokens, words * tokens], 1)
        sums = WeightedSums(values, clusters, bootstrap.num_clusters)

        def means(weights):
            films, image_sum, words, report_sum = sums(weights)
            found = dict(image=ratio(image_sum, films), report=ratio(report_sum, words))
            return dict(total=found['image'] + found['report'], **found)

        chance = dict(image=image_chance.mean(), report=report_chance.mean())
        report = make_report(
            bootstrap.estimate(means),
            _DEFINITIONS,
            {
                name: dict(value=float(value), definition=_CHANCE[name])
                for name, value in chance.items()
            },
            dict(type=type(self).__name__),
            dict(films=len(results), tokens=int(tokens.sum())),
            interval,
            [],
            warnings,
        )
        columns = dict(
            image_loss=image,
            report_loss=np.where(tokens > 0, words, np.nan),
            report_tokens=tokens,
        )
        return report, image_columns(results) | columns
