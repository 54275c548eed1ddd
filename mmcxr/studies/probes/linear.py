"""A linear layer trained by stochastic gradient descent on frozen features.

The linear probe of self-supervised learning: momentum, cosine schedule, no weight
decay. Several learning rates are trained side by side on the same batches.

N films, D features, L labels, K learning rates.
"""

import math

import torch
from torch import Tensor

from .selection import Standardiser


def fit_linear(
    features: Tensor,
    labels: Tensor,
    learning_rates,
    epochs: int = 50,
    batch_size: int = 256,
    momentum: float = 0.9,
    weight_decay: float = 0.0,
    seed: int = 0,
    standardise: bool = True,
    exclusive: bool = False,
) -> Tensor:
    """Coefficients for standardised features.

    The loss of a batch is the mean binary cross entropy over its known labels; of
    exclusive labels the mean cross entropy over its films.

    Args:
        features: (N, D).
        labels: (N, L) of 0, 1 and NaN.
        learning_rates: K of them, at the start; each falls to 0 by half a cosine.
        epochs: passes over the films, each in another order.
        batch_size: films of a step; the last batch of an epoch may be smaller.
        momentum: of torch's ``SGD``.
        weight_decay: likewise; the intercept takes part.
        seed: of the orders.
        standardise: else features, and coefficients for them, stay as they are.
        exclusive: each film has a single label of 1, and none that is unknown.

    Returns:
        (K, L, D + 1), the intercept last.
    """
    scaled = Standardiser(features)(features) if standardise else features
    rates = torch.as_tensor(learning_rates, dtype=features.dtype)[:, None, None]
    labels = labels.to(features)
    known = (~labels.isnan()).to(features)
    targets = labels.nan_to_num()
    shape = (len(rates), features.shape[1] + 1, labels.shape[1])
    weights = features.new_zeros(shape)
    velocity = torch.zeros_like(weights)
    generator = torch.Generator().manual_seed(seed)
    num_batches = math.ceil(len(features) / batch_size)
    for epoch in range(epochs):
        order = torch.randperm(len(features), generator=generator)
        for batch, rows in enumerate(order.split(batch_size)):
            progress = (epoch * num_batches + batch) / (epochs * num_batches)
            rate = rates * (0.5 * (1 + math.cos(math.pi * progress)))
            gradient = _gradient(
                weights, scaled[rows], targets[rows], known[rows], exclusive
            )
            velocity.mul_(momentum).add_(gradient).add_(weights, alpha=weight_decay)
            weights -= rate * velocity
    return weights.mT.contiguous()


def _gradient(
    weights: Tensor, batch: Tensor, targets: Tensor, known: Tensor, exclusive: bool
) -> Tensor:
    """(K, D + 1, L) of the mean loss over the known labels, or films, of a batch."""
    outputs = batch @ weights[:, :-1] + weights[:, -1:]  # (K, B, L)
    if exclusive:
        error = (outputs.softmax(-1) - targets) / len(batch)
    else:
        error = (outputs.sigmoid() - targets) * (known / known.sum().clamp(min=1))
    return torch.cat([batch.T @ error, error.sum(1, keepdim=True)], dim=1)
