"""Logistic regression of many labels over many penalties, on features kept in memory.

What scikit-learn's ``LogisticRegression(C=c)`` fits on standardised features, label by
label: the minimum of ``|w|^2 / 2 + c * sum(log(1 + exp(-y (x w + b))))``, b free. All
labels go together, so that a step is two products of large matrices, and each c starts
where the last ended.

The features are first turned to their principal axes, which changes neither the
penalty nor the solution. There the curvature of the loss is nearly diagonal and
known in advance, and L-BFGS (Nocedal 1980, with that diagonal as its first guess)
needs a dozen steps where it would need hundreds.

N films, D features, L labels, K values of c.
"""

import warnings

import torch
from torch import Tensor

from .selection import Standardiser

_MEMORY = 10  # pairs of step and change of gradient that L-BFGS looks back on
_MAX_LENGTHS = 30  # that a line search tries
_STUCK = 8  # steps without progress that rounding may explain
_AFRESH = 10  # steps after which outputs are computed from the weights


def fit_logistic(
    features: Tensor,
    labels: Tensor,
    c_values,
    tolerance: float = 1e-6,
    max_steps: int = 500,
    standardise: bool = True,
) -> Tensor:
    """Coefficients for standardised features.

    Args:
        features: (N, D) float32 or float64; results have its precision.
        labels: (N, L) of 0, 1 and NaN; a film counts for the labels it has.
        c_values: K of them, weight of the loss against the penalty.
        tolerance: a label is done when the step that the curvature suggests moves no
            coefficient by more than this share of the largest, or of 1; or when steps
            lead nowhere and the gradient may be made of rounding.
        max_steps: for each value of c, beyond which a warning is given.
        standardise: else features, and coefficients for them, stay as they are.

    Returns:
        (K, L, D + 1) in the order of ``c_values``, the intercept last; NaN for a label
        that has not both values.
    """
    labels = labels.to(features)
    usable = ((labels == 0).any(0) & (labels == 1).any(0)).nonzero().flatten()
    shape = (len(c_values), labels.shape[1], features.shape[1] + 1)
    found = features.new_full(shape, torch.nan)
    if len(usable) == 0:
        return found
    scaled = Standardiser(features)(features) if standardise else features
    if len(scaled) < scaled.shape[1]:  # separable, and cheap: rounding may not matter
        scaled, labels = scaled.double(), labels.double()
    axes, spread = _principal_axes(scaled)
    scaled, labels = scaled @ axes, labels[:, usable]
    weights = scaled.new_zeros(axes.shape[1] + 1, len(usable))
    weights[-1] = torch.logit(labels.nanmean(0))
    for k in sorted(range(len(c_values)), key=lambda k: float(c_values[k])):
        losses = _Losses(scaled, spread, labels, float(c_values[k]))
        weights, reached = _minimise(losses, weights, tolerance, max_steps)
        if not reached:
            warnings.warn(
                f'logistic regression at C={losses.c:g} has not converged in '
                f'{max_steps} steps',
                stacklevel=2,
            )
        coefficients = torch.cat([axes @ weights[:-1], weights[-1:]])
        found[k, usable] = coefficients.T.to(found)
    return found


def _principal_axes(features: Tensor) -> tuple[Tensor, Tensor]:
    """Axes (D, A) and the sum of squares along each, (A, 1).

    Of few films, only those that they spread along, found among the films: the penalty
    leaves nothing of a weight along any other.
    """
    if len(features) >= features.shape[1]:
        spread, axes = torch.linalg.eigh((features.T @ features).double())
        return axes.to(features), spread.clamp(min=0).to(features)[:, None]
    double = features.double()
    spread, films = torch.linalg.eigh(double @ double.T)
    kept = spread > len(spread) * torch.finfo(features.dtype).eps * spread[-1]
    spread, films = spread[kept], films[:, kept]
    axes = double.T @ films / spread.sqrt()
    return axes.to(features), spread.to(features)[:, None]


class _Losses:
    """The losses of L labels as functions of weights (D + 1, L), intercept last.

    Args:
        features: (N, D) along their principal axes.
        spread: (D, 1) sum of squares along each axis.
        labels: (N, L) of 0, 1 and NaN.
        c: weight of the loss against the penalty.
    """

    def __init__(self, features: Tensor, spread: Tensor, labels: Tensor, c: float):
        self.features, self.spread, self.c = features, spread, c
        self.given = labels
        self.known = (~labels.isnan()).to(features)
        self.labels = labels.nan_to_num()

    def only(self, columns: Tensor) -> '_Losses':
        """Those of some labels."""
        return _Losses(self.features, self.spread, self.given[:, columns], self.c)

    def outputs(self, weights: Tensor) -> Tensor:
        """(N, L)."""
        return torch.addmm(weights[-1], self.features, weights[:-1])

    def gradient(self, weights: Tensor, outputs: Tensor) -> tuple[Tensor, Tensor]:
        """(D + 1, L), and as much of it as rounding may have made."""
        error = (outputs.sigmoid() - self.labels).mul_(self.known).mul_(self.c)
        gradient = torch.cat(
            [weights[:-1] + self.features.T @ error, error.sum(0, keepdim=True)]
        )
        # An output of 20 is wrong by 20 times as much as one of 1, and as much are
        # the chances close to 0 and 1 that are made of it.
        precision = 8 * torch.finfo(error.dtype).eps * (1 + outputs.abs().amax(0))
        size = torch.cat([self.spread, torch.full_like(self.spread[:1], len(error))])
        return gradient, precision * size.sqrt() * error.norm(dim=0)

    def inverse_curvature(self, outputs: Tensor) -> Tensor:
        """(D + 1, L) one over the diagonal of the Hessian, as on the average film."""
        chance = outputs.sigmoid()
        total = (chance * (1 - chance) * self.known).sum(0).clamp(min=1e-6)  # (L,)
        diagonal = 1 + self.c * self.spread * total / len(outputs)
        return 1 / torch.cat([diagonal, self.c * total[None]])

    def line_search(
        self,
        weights: Tensor,
        direction: Tensor,
        outputs: Tensor,
        along: Tensor,
        gradient: Tensor,
    ) -> Tensor:
        """(L,) lengths at which the slope has fallen to a quarter, by Newton's method.

        The loss along a line is convex; a bracket keeps Newton's steps in bounds.
        """
        start = (gradient * direction).sum(0)
        penalty = (direction[:-1] ** 2).sum(0)
        first = (weights[:-1] * direction[:-1]).sum(0)
        low, high = torch.zeros_like(start), torch.full_like(start, torch.inf)
        length = torch.ones_like(start)
        for _ in range(_MAX_LENGTHS):
            chance = (outputs + length * along).sigmoid_()
            error = (chance - self.labels).mul_(self.known)
            slope = first + length * penalty + self.c * (error * along).sum(0)
            done = slope.abs() <= 0.25 * start.abs()
            if done.all():
                break
            weight = chance.mul_(1 - chance).mul_(self.known)
            curvature = penalty + self.c * (weight * along**2).sum(0)
            low = torch.where(slope < 0, length, low)
            high = torch.where(slope < 0, high, length)
            newton = length - slope / curvature
            middle = torch.where(high.isinf(), 4 * length, (low + high) / 2)
            inside = (newton > low) & (newton < high.clamp(max=10 * length))
            length = torch.where(done, length, torch.where(inside, newton, middle))
        return length


def _minimise(
    losses: _Losses, weights: Tensor, tolerance: float, max_steps: int
) -> tuple[Tensor, bool]:
    """Weights at the minimum, and whether it was reached; a label leaves when done."""
    found, left = weights.clone(), torch.arange(weights.shape[1])
    outputs = losses.outputs(weights)
    gradient, rounding = losses.gradient(weights, outputs)
    scale = losses.inverse_curvature(outputs)
    memory: list[tuple[Tensor, Tensor]] = []
    nearest = torch.full_like(gradient[0], torch.inf)
    stuck = torch.zeros_like(nearest)  # steps that have not brought it nearer
    for step in range(max_steps):
        ahead = (scale * gradient).abs().amax(0)
        stuck = torch.where(ahead < 0.7 * nearest, 0, stuck + 1)
        nearest = torch.minimum(nearest, ahead)
        going = ahead > tolerance * weights.abs().amax(0).clamp(min=1)
        going &= (stuck < _STUCK) | (ahead > (scale * rounding).amax(0))
        if not going.all():
            found[:, left] = weights
            if not going.any():
                return found, True
            left, losses = left[going], losses.only(going)
            weights, outputs, gradient, scale = (
                x[:, going] for x in (weights, outputs, gradient, scale)
            )
            nearest, stuck = nearest[going], stuck[going]
            memory = [(move[:, going], change[:, going]) for move, change in memory]
        direction = -_two_loops(gradient, memory, scale)
        along = losses.outputs(direction)
        length = losses.line_search(weights, direction, outputs, along, gradient)
        move = length * direction
        weights, outputs = weights + move, outputs + length * along
        if step % _AFRESH == _AFRESH - 1:  # sums of small steps drift
            outputs = losses.outputs(weights)
        before = gradient
        gradient, rounding = losses.gradient(weights, outputs)
        memory = [*memory[1 - _MEMORY :], (move, gradient - before)]
    found[:, left] = weights
    return found, False


def _two_loops(
    gradient: Tensor, memory: list[tuple[Tensor, Tensor]], scale: Tensor
) -> Tensor:
    """The inverse Hessian of L-BFGS times the gradient, for each label by itself."""
    result, kept = gradient.clone(), []
    for move, change in reversed(memory):
        product = (move * change).sum(0)
        # A label that has stopped moves no more: its pair says nothing.
        weight = torch.where(product > 0, 1 / product, 0)
        alpha = weight * (move * result).sum(0)
        result -= alpha * change
        kept.append((move, change, weight, alpha))
    result *= scale
    for move, change, weight, alpha in reversed(kept):
        beta = weight * (change * result).sum(0)
        result += (alpha - beta) * move
    return result
