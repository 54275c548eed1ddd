"""CXR-CLIP's validation loss, the number its best checkpoint is chosen by."""

from collections.abc import Sequence

import numpy as np

from mmcxr.evaluation.functional.contrastive import batched_contrastive_loss
from mmcxr.evaluation.functional.report import make_report
from mmcxr.registry import METRICS

from .base import ReportMetric, require_keys, to_array

_DEFINITIONS = dict(
    total='clip + image_weight * icl + text_weight * tcl; mean of batch losses of each '
    'data set, then mean over data sets',
    clip='image-text cross entropy both ways, mean over view-text pairs',
    icl='image-image cross entropy between the views of a study',
    tcl='text-text cross entropy between the texts of a study',
)


@METRICS.register_module()
class ContrastiveLossMetric(ReportMetric):
    """In-batch contrastive loss over fixed batches of the data set's order.

    Reads ``image_embeds`` (V, D) or (D,), ``text_embeds`` (T, D) or (D,),
    ``logit_scale`` (the factor on the cosines, which the model predicts) and
    ``dataset`` of each sample.  Batches hold one data set each and are cut in the
    order of the data, so the loss depends neither on the loader nor on the number of
    processes.

    Args:
        batch_size: studies scored against each other, released 128.
        image_weight: weight of the image-image part, released 1.0.
        text_weight: weight of the text-text part, released 0.5.
        collect_device: 'cpu' or 'gpu', see mmengine.
        prefix: first part of the metric names.
    """

    default_prefix = 'contrastive'

    def __init__(
        self,
        batch_size: int = 128,
        image_weight: float = 1.0,
        text_weight: float = 0.5,
        collect_device: str = 'cpu',
        prefix: str | None = None,
    ) -> None:
        super().__init__(0, 0, collect_device, prefix)
        if batch_size < 2:
            raise ValueError(f'batch_size must be 2 or more, got {batch_size}')
        self.batch_size = batch_size
        self.image_weight = image_weight
        self.text_weight = text_weight

    def collect(self, sample: dict) -> dict:
        """Embeddings of one study."""
        require_keys(sample, 'image_embeds', 'text_embeds', 'logit_scale')
        return dict(
            images=np.atleast_2d(to_array(sample['image_embeds'])),
            texts=np.atleast_2d(to_array(sample['text_embeds'])),
            logit_scale=float(sample['logit_scale']),
            dataset=str(sample.get('dataset') or 'data'),
        )

    def make_report(self, results: list[dict]) -> tuple[dict, dict[str, Sequence]]:
        """See :class:`ReportMetric`."""
        by_dataset: dict[str, list[dict]] = {}
        for result in results:
            by_dataset.setdefault(result['dataset'], []).append(result)
        losses = {name: self._loss(name, rows) for name, rows in by_dataset.items()}
        mean = {
            part: float(np.mean([loss[part] for loss in losses.values()]))
            for part in next(iter(losses.values()))
        }
        estimates = {part: mean[part] for part in _DEFINITIONS}
        for name, loss in losses.items():
            estimates |= {(part, name): loss[part] for part in _DEFINITIONS}
        report = make_report(
            {key: dict(value=value, ci95=None) for key, value in estimates.items()},
            _DEFINITIONS,
            dict(total=dict(value=mean['chance'], definition='all embeddings equal')),
            dict(
                type=type(self).__name__,
                batch_size=self.batch_size,
                image_weight=self.image_weight,
                text_weight=self.text_weight,
            ),
            dict(studies={name: len(rows) for name, rows in by_dataset.items()}),
            dict(method='none', num_resamples=0),
            [
                f'batches of {self.batch_size} studies of one data set: '
                + ', '.join(f'{n} {len(rows)}' for n, rows in by_dataset.items())
            ],
            [],
        )
        return report, {}

    def _loss(self, dataset: str, rows: list[dict]) -> dict[str, float]:
        shapes = {(r['images'].shape, r['texts'].shape) for r in rows}
        if len(shapes) > 1:
            raise ValueError(
                f'studies of {dataset} differ in views, texts or channels: '
                f'{sorted(shapes)}'
            )
        return batched_contrastive_loss(
            np.stack([r['images'] for r in rows]),
            np.stack([r['texts'] for r in rows]),
            rows[0]['logit_scale'],
            self.batch_size,
            self.image_weight,
            self.text_weight,
        )
