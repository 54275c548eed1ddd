"""Dice and IoU by every published definition, from pixel counts per image.

They differ by up to 30 points on one prediction, because most films of a
pneumothorax set are empty; so all are computed, beside what predicting nothing
scores.

N images, M clusters (patients), R resamples.
"""

import numpy as np
import torch

from .bootstrap import WeightedSums, ratio

DEFINITIONS = dict(
    dice_image='mean over images of the foreground Dice, 1 where prediction and '
    'truth are both empty (Kaggle SIIM; MRM)',
    dice_positive='mean over images with a lesion of the foreground Dice (MGCA)',
    dice_foreground='foreground Dice of the pixels of the whole set',
    dice_mean='mean of background and foreground Dice of the pixels of the whole '
    'set (mmsegmentation mDice; BenchX)',
    iou_foreground='foreground IoU of the pixels of the whole set',
    iou_mean='mean of background and foreground IoU of the pixels of the whole set '
    '(mmsegmentation mIoU)',
)


def pixel_counts(prediction, truth, foreground: int = 1, ignore: int | None = 255):
    """Count foreground pixels of one image, on the device where it is.

    Args:
        prediction: (H, W) class per pixel, an array or a tensor.
        truth: (H, W).
        foreground: class counted; every other is background.
        ignore: class of pixels in ``truth`` left out.

    Returns:
        (4,) int64 array: intersection, predicted, true, all pixels.

    Raises:
        ValueError: the shapes differ.
    """
    prediction = _tensor(prediction)
    truth = _tensor(truth).to(prediction.device)
    if prediction.shape != truth.shape:
        raise ValueError(
            f'predicted mask {tuple(prediction.shape)} and true mask '
            f'{tuple(truth.shape)} differ in size'
        )
    predicted, actual = prediction == foreground, truth == foreground
    valid = torch.ones_like(actual) if ignore is None else truth != ignore
    predicted = predicted & valid
    parts = (predicted & actual, predicted, actual, valid)
    return torch.stack([part.sum() for part in parts]).cpu().numpy()


def _tensor(mask) -> torch.Tensor:
    return mask if torch.is_tensor(mask) else torch.from_numpy(np.array(mask))


def image_dice(counts) -> np.ndarray:
    """Foreground Dice of each image (N,), 1 where both masks are empty.

    Args:
        counts: (N, 4) of :func:`pixel_counts`.
    """
    shared, predicted, actual, _ = np.asarray(counts, np.float64).T
    size = predicted + actual
    return np.divide(2 * shared, size, out=np.ones_like(size), where=size > 0)


class DiceStatistics:
    """All definitions as a function of weights (M, R).

    Args:
        counts: (N, 4) of :func:`pixel_counts`.
        clusters: (N,) int64.
        num_clusters: M.
    """

    def __init__(self, counts, clusters, num_clusters: int):
        counts = np.asarray(counts, np.float64)
        dice, lesion = image_dice(counts), counts[:, 2] > 0
        parts = [counts, dice[:, None], lesion[:, None], (dice * lesion)[:, None]]
        values = np.hstack([*parts, np.ones((len(counts), 1))])
        self.sums = WeightedSums(values, clusters, num_clusters)

    def __call__(self, weights) -> dict[str, np.ndarray]:
        """Every number, (R,) each, under ``weights`` (M, R)."""
        sums = self.sums(weights)
        shared, predicted, actual, pixels, dice, lesions, lesion_dice, images = sums
        union = predicted + actual - shared
        # Background: what neither calls foreground is shared there.
        shared_back, size_back = pixels - union, 2 * pixels - predicted - actual
        dice_front = ratio(2 * shared, predicted + actual)
        iou_front = ratio(shared, union)
        return dict(
            dice_image=ratio(dice, images),
            dice_positive=ratio(lesion_dice, lesions),
            dice_foreground=dice_front,
            dice_mean=(dice_front + ratio(2 * shared_back, size_back)) / 2,
            iou_foreground=iou_front,
            iou_mean=(iou_front + ratio(shared_back, pixels - shared)) / 2,
        )


def empty_baselines(counts) -> dict[str, dict]:
    """What predicting nothing scores by each definition: value, definition."""
    empty = np.array(counts)
    empty[:, :2] = 0
    statistic = DiceStatistics(empty, np.arange(len(empty)), len(empty))
    values = statistic(torch.ones(len(empty), 1))
    return {
        name: dict(value=float(value[0]), definition='no lesion predicted anywhere')
        for name, value in values.items()
    }
