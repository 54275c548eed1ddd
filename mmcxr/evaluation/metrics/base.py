"""What every metric of ours does: collect, report with intervals, name the floats."""

from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from mmengine.evaluator import BaseMetric

from mmcxr.evaluation.functional.bootstrap import ClusterBootstrap, cluster_index


def to_array(value, dtype=np.float32) -> np.ndarray:
    """A CPU copy of a tensor, array or number; nothing on a device is kept."""
    if isinstance(value, torch.Tensor):
        value = value.detach().float().cpu().numpy()
    return np.array(value, dtype)


def identity(sample: dict) -> dict:
    """Image name (the first of a study) and patient id of a data sample."""
    image = sample.get('image') or sample.get('img_path') or sample.get('study_id', '')
    if isinstance(image, list | tuple):
        image = image[0]
    if not sample.get('image'):
        image = Path(str(image)).name  # where the data lie is nobody's business
    return dict(image=str(image), patient_id=sample.get('patient_id'))


def image_columns(results: list[dict]) -> dict[str, list]:
    """First columns of every table per image."""
    return {key: [r[key] for r in results] for key in ('image', 'patient_id')}


def require_keys(sample: dict, *keys: str) -> None:
    """Check that a sample holds what a metric reads.

    Raises:
        ValueError: it does not; the message names the sample and the key.
    """
    for key in keys:
        if sample.get(key) is None:
            raise ValueError(
                f'sample {identity(sample)["image"]!r} has no {key!r}; it has '
                f'{", ".join(sorted(sample))}'
            )


def stack_equal(results: list[dict], key: str) -> np.ndarray:
    """Rows (N, ...) of one collected key.

    Raises:
        ValueError: an image has another shape than the first.
    """
    for result in results:
        if result[key].shape != results[0][key].shape:
            raise ValueError(
                f'{key} of {result["image"]!r} have shape {result[key].shape}, those '
                f'of {results[0]["image"]!r} {results[0][key].shape}'
            )
    return np.stack([result[key] for result in results])


def exclusive_class(label: np.ndarray, sample: dict) -> int:
    """Class of a sample from an index (1,) or from (C,) with a single 1.

    Raises:
        ValueError: there is no or more than one class.
    """
    if len(label) == 1 and label[0] >= 0 and label[0] == int(label[0]):
        return int(label[0])
    if len(label) == 1 or (label == 1).sum() != 1:
        raise ValueError(
            f'{identity(sample)["image"]!r} must belong to exactly one class, got the '
            f'labels {label.tolist()}'
        )
    return int((label == 1).argmax())


class ReportMetric(BaseMetric):
    """A metric that keeps a full report and the scores per image.

    After :meth:`evaluate`, on the main process, ``report`` holds what
    :func:`mmcxr.evaluation.functional.report.make_report` describes and
    ``per_image`` the columns of the table per image.

    Args:
        num_resamples: bootstrap resamples of patients for the 95 % intervals; 0
            leaves intervals out, as suits validation during training.
        seed: of the resamples.
        collect_device: 'cpu' or 'gpu', see mmengine.
        prefix: first part of the metric names.
    """

    def __init__(
        self,
        num_resamples: int = 1000,
        seed: int = 0,
        collect_device: str = 'cpu',
        prefix: str | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.num_resamples = num_resamples
        self.seed = seed
        self.report: dict | None = None
        self.per_image: dict[str, Sequence] = {}

    @abstractmethod
    def collect(self, sample: dict) -> dict:
        """What to keep of one data sample: numpy arrays, strings and numbers."""

    @abstractmethod
    def make_report(self, results: list[dict]) -> tuple[dict, dict[str, Sequence]]:
        """Report and columns per image from all that was collected."""

    def process(self, data_batch, data_samples: Sequence[dict]) -> None:
        """Collect one batch; mmengine calls this."""
        for sample in data_samples:
            self.results.append(identity(sample) | self.collect(sample))

    def compute_metrics(self, results: list[dict]) -> dict[str, float]:
        """Report on the whole split; mmengine calls this on the main process.

        Returns:
            name -> number, with NaN for an undefined mean; of the numbers by class
            those of the first metric, where defined.

        Raises:
            ValueError: no sample reached the metric.
        """
        if not results:
            raise ValueError(
                f'{type(self).__name__} got no sample: the split is empty, or its '
                'loader yields nothing'
            )
        self.report, self.per_image = self.make_report(results)
        flat, leading = {}, next(iter(self.report['metrics']))
        for name, entry in self.report['metrics'].items():
            value = entry['value']
            if 'class' not in entry:
                flat[name] = float('nan') if value is None else value
            elif name == f'{leading}_{entry["class"]}' and value is not None:
                flat[name] = value
        return flat

    def bootstrap(self, results: list[dict]):
        """Cluster of each sample (N,), the bootstrap, facts on it, and warnings."""
        clusters, unknown = cluster_index([r['patient_id'] for r in results])
        bootstrap = ClusterBootstrap(
            int(clusters.max()) + 1, self.num_resamples, self.seed
        )
        interval = dict(
            method='percentile bootstrap, 95 %, patients resampled',
            num_resamples=self.num_resamples,
            patients=bootstrap.num_clusters,
            images_without_patient=unknown,
        )
        warnings = []
        if unknown and self.num_resamples:
            warnings.append(
                f'{unknown} of {len(results)} images have no patient id; each counts '
                'as a patient of its own, so intervals may be too narrow'
            )
        return clusters, bootstrap, interval, warnings
