"""Nearest neighbours: the label of a film is that of films with similar features.

N films to vote, M to score, D features, L labels, K numbers of neighbours.
"""

import torch
from torch import Tensor
from torch.nn.functional import normalize

_ROWS = 512


def knn_scores(
    features: Tensor,
    labels: Tensor,
    queries: Tensor,
    num_neighbours,
    temperature: float = 0.07,
) -> Tensor:
    """Share of the votes for a label among the nearest films that have it.

    Similarity is the cosine s, and the weight of a vote exp(s / temperature), as in
    DINO (arXiv 2104.14294).

    Args:
        features: (N, D) of the films that vote.
        labels: (N, L) of 0, 1 and NaN; a film has no vote on what it does not know.
        queries: (M, D).
        num_neighbours: K numbers, from 1 to N.
        temperature: above 0.

    Returns:
        (K, M, L) in 0..1; where no neighbour knows a label, its share among all that
        do, or NaN if none does.

    Raises:
        ValueError: a number of neighbours is out of range.
    """
    numbers = list(num_neighbours)
    if not numbers or min(numbers) < 1 or max(numbers) > len(features):
        raise ValueError(
            f'numbers of neighbours must lie within 1..{len(features)}, not {numbers}'
        )
    labels = labels.to(features)
    known = (~labels.isnan()).to(features)
    values = labels.nan_to_num()
    prevalence = values.sum(0) / known.sum(0)  # NaN where nobody knows
    voters = normalize(features)
    scores = []
    for chunk in normalize(queries).split(_ROWS):
        similarity, nearest = (chunk @ voters.T).topk(max(numbers))
        # The best has weight 1: no exponential overflows.
        weight = ((similarity - similarity[:, :1]) / temperature).exp()[..., None]
        votes = (weight * values[nearest]).cumsum(1)  # (m, neighbours, L)
        total = (weight * known[nearest]).cumsum(1)
        share = torch.where(total > 0, votes / total, prevalence)
        scores.append(share[:, [number - 1 for number in numbers]].transpose(0, 1))
    return torch.cat(scores, dim=1)
