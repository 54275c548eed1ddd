"""Image-text retrieval."""

from collections.abc import Sequence

import numpy as np

from mmcxr.evaluation.functional.recall import (
    MeanStatistics,
    RecallStatistics,
    chance_baselines,
    recall_definitions,
)
from mmcxr.evaluation.functional.report import make_report
from mmcxr.evaluation.functional.retrieval import precision_at_k, retrieval_ranks
from mmcxr.registry import METRICS

from .base import (
    ReportMetric,
    exclusive_class,
    identity,
    image_columns,
    require_keys,
    to_array,
)

_CLASS_PRECISION = (
    "share of the k nearest reports, duplicates kept, that have the image's class"
)


@METRICS.register_module()
class RetrievalMetric(ReportMetric):
    """Recall@k, mean and median rank both ways; precision@k by class if asked.

    Reads ``image_embeds`` (D,) or (V, D), of which the first view counts;
    ``text_embeds`` (D,) or (T, D), the first; and the text itself, ``text`` or the
    first of ``texts``.  Intervals resample the queries by patient and keep the
    candidates; a text of several patients goes with the first.

    Args:
        ks: k of recall@k.
        text_rule: which text of a report is used, for the reader; the pipeline
            decides it.
        class_precision: k of precision@k, the share of reports of the image's class
            (``gt_label`` with a single 1, as CheXpert 5x200); none by default.
        chunk: rows of the cosine matrix held at a time.
        num_resamples: see :class:`ReportMetric`; 0 in validation.
        seed: of the resamples.
        collect_device: 'cpu' or 'gpu', see mmengine.
        prefix: first part of the metric names.
    """

    default_prefix = 'retrieval'

    def __init__(
        self,
        ks: Sequence[int] = (1, 5, 10),
        text_rule: str = 'as the pipeline gives it',
        class_precision: Sequence[int] = (),
        chunk: int = 1024,
        num_resamples: int = 1000,
        seed: int = 0,
        collect_device: str = 'cpu',
        prefix: str | None = None,
    ) -> None:
        super().__init__(num_resamples, seed, collect_device, prefix)
        self.ks = tuple(ks)
        self.text_rule = text_rule
        self.class_precision = tuple(class_precision)
        self.chunk = chunk

    def collect(self, sample: dict) -> dict:
        """Embeddings and text of one study."""
        require_keys(sample, 'image_embeds', 'text_embeds')
        text = sample.get('text') or next(iter(sample.get('texts') or ('',)))
        if not text.strip():
            raise ValueError(f'{identity(sample)["image"]!r} has no text to retrieve')
        kept = dict(text=text)
        for key in ('image_embeds', 'text_embeds'):
            embeds = to_array(sample[key])
            kept[key] = embeds if embeds.ndim == 1 else embeds[0]
        if self.class_precision:
            require_keys(sample, 'gt_label')
            kept['label'] = exclusive_class(
                to_array(sample['gt_label']).reshape(-1), sample
            )
        return kept

    def make_report(self, results: list[dict]) -> tuple[dict, dict[str, Sequence]]:
        """See :class:`ReportMetric`."""
        clusters, bootstrap, interval, warnings = self.bootstrap(results)
        images = np.stack([r['image_embeds'] for r in results])
        texts = np.stack([r['text_embeds'] for r in results])
        ranks = retrieval_ranks(images, texts, [r['text'] for r in results], self.chunk)
        if ranks.image_ties or ranks.text_ties:
            warnings.append(
                f'the target of {ranks.image_ties} images and {ranks.text_ties} texts '
                'ties with another candidate; ties do not worsen a rank'
            )
        images_of_text = np.bincount(ranks.target)
        num_images, num_texts = len(results), len(images_of_text)
        one = np.ones(num_images)
        sides = dict(
            i2t=(ranks.image_to_text, clusters, one, num_texts),
            t2i=(
                ranks.text_to_image,
                clusters[ranks.first],
                images_of_text,
                num_images,
            ),
        )
        statistics, definitions, baselines = [], {}, {}
        for side, (rank, cluster, matches, pool) in sides.items():
            patients = cluster, bootstrap.num_clusters
            statistics.append(RecallStatistics(side, rank, self.ks, *patients))
            definitions |= recall_definitions(side, self.ks)
            baselines |= chance_baselines(side, matches, pool, self.ks)
        if self.class_precision:
            labels = np.array([r['label'] for r in results])
            values = precision_at_k(
                images, texts, labels, self.class_precision, self.chunk
            )
            names = [f'class_precision_at_{k}' for k in self.class_precision]
            patients = clusters, bootstrap.num_clusters
            statistics.append(MeanStatistics(names, values, *patients))
            definitions |= dict.fromkeys(names, _CLASS_PRECISION)
            chance = float(((np.bincount(labels) / num_images) ** 2).sum())
            chance = dict(value=chance, definition='reports in random order')
            baselines |= dict.fromkeys(names, chance)

        def every_number(weights):
            return {k: v for part in statistics for k, v in part(weights).items()}

        report = make_report(
            bootstrap.estimate(every_number),
            definitions,
            baselines,
            dict(
                type=type(self).__name__,
                rank='1 + number of candidates with a higher cosine',
                text_rule=self.text_rule,
                pools=dict(texts=num_texts, images=num_images),
            ),
            dict(images=num_images, texts=num_texts),
            interval,
            [
                f'candidates: {num_texts} distinct texts, {num_images} images; text: '
                f'{self.text_rule}; rank = 1 + candidates with a higher cosine'
            ],
            warnings,
        )
        columns = image_columns(results) | dict(
            rank_image_to_text=ranks.image_to_text,
            rank_text_to_image=ranks.text_to_image[ranks.target],
        )
        return report, columns
