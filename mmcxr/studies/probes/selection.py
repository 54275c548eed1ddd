"""What probes of frozen features share: scaling, scoring, choosing.

N films, D features, L labels, K settings that are tried.
"""

import numpy as np
import torch
from torch import Tensor

from mmcxr.evaluation.functional.classification import defined_mean
from mmcxr.evaluation.functional.ranking import auroc

_ROWS = 8192  # at a time, so that no copy of the features is made


class Standardiser:
    """Features less their mean, over their standard deviation.

    As scikit-learn's ``StandardScaler``: over all N, and a constant feature keeps its
    scale.

    Args:
        features: (N, D) to learn both from.
    """

    def __init__(self, features: Tensor):
        double = [chunk.double() for chunk in features.split(_ROWS)]
        self.mean = sum(chunk.sum(0) for chunk in double) / len(features)
        square = sum(((chunk - self.mean) ** 2).sum(0) for chunk in double)
        deviation = (square / len(features)).sqrt()
        smallest = 10 * torch.finfo(features.dtype).eps * self.mean.abs()
        self.deviation = torch.where(deviation <= smallest, 1.0, deviation)

    def __call__(self, features: Tensor) -> Tensor:
        """(N, D) in the precision that comes."""
        mean, deviation = (x.to(features) for x in (self.mean, self.deviation))
        return torch.cat([(c - mean) / deviation for c in features.split(_ROWS)])


def linear_scores(
    features: Tensor, coefficients: Tensor, exclusive: bool = False
) -> Tensor:
    """Probabilities of linear probes on features they are scaled for.

    Args:
        features: (N, D).
        coefficients: (K, L, D + 1), the intercept last.
        exclusive: exactly one label is true, so that they add to one.

    Returns:
        (K, N, L) in 0..1; NaN for a label without coefficients.
    """
    outputs = features @ coefficients[..., :-1].mT + coefficients[:, None, :, -1]
    return outputs.softmax(-1) if exclusive else outputs.sigmoid()


def choose(scores, labels) -> tuple[int, np.ndarray]:
    """The setting whose mean AUROC over labels is highest, the first of equals.

    Args:
        scores: (K, N, L); a label whose scores are NaN takes no part.
        labels: (N, L) of 0, 1 and NaN.

    Returns:
        Its number, and the mean AUROC of each, (K,).

    Raises:
        ValueError: no label has both values and scores.
    """
    scores, labels = np.asarray(scores), np.asarray(labels)
    means = np.array([defined_mean(_aurocs(s, labels)) for s in scores])
    if np.isnan(means).all():
        raise ValueError(
            'nothing to choose by: no label has both values among these films, and '
            'scores'
        )
    return int(np.nanargmax(means)), means


def _aurocs(scores: np.ndarray, labels: np.ndarray) -> list[float]:
    """AUROC of each label, NaN where it has none."""
    found = []
    for score, label in zip(scores.T, labels.T, strict=True):
        known = ~np.isnan(label) & ~np.isnan(score)
        found.append(auroc(score[known], label[known]) if known.any() else np.nan)
    return found
