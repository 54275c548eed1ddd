"""Logistic regression of exclusive classes over many penalties.

N films, D features, C classes, K values of c.
"""

import warnings

import numpy as np
import torch
from torch import Tensor


def fit_multinomial(
    features: Tensor,
    labels: Tensor,
    c_values,
    tolerance: float = 1e-6,
    max_steps: int = 500,
) -> Tensor:
    """Coefficients of scikit-learn's ``LogisticRegression``, warm from c to c.

    Args:
        features: (N, D), scaled as they shall be.
        labels: (N, C) with a single 1 in each row.
        c_values: K of them, weight of the loss against the penalty.
        tolerance: of scikit-learn's solver, on the gradient.
        max_steps: likewise; beyond it a warning is given.

    Returns:
        (K, C, D + 1) in the order of ``c_values``, the intercept last; a class without
        films has the intercept minus infinity. NaN where there are not two classes.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    target = labels.argmax(1).numpy()
    present = np.unique(target)
    shape = (len(c_values), labels.shape[1], features.shape[1] + 1)
    found = torch.full(shape, torch.nan, dtype=features.dtype)
    if len(present) < 2:
        return found
    model = LogisticRegression(
        tol=tolerance, max_iter=max_steps, warm_start=True, random_state=0
    )
    array = features.double().numpy()
    for k in sorted(range(len(c_values)), key=lambda k: float(c_values[k])):
        model.set_params(C=float(c_values[k]))
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter('always')
            model.fit(array, target)
        if any(issubclass(w.category, ConvergenceWarning) for w in said):
            warnings.warn(
                f'logistic regression at C={c_values[k]:g} has not converged in '
                f'{max_steps} steps',
                stacklevel=2,
            )
        rows = np.hstack([model.coef_, model.intercept_[:, None]])
        if len(present) == 2:  # of the second against the first
            rows = np.vstack([np.zeros_like(rows), rows])
        found[k] = 0
        found[k, :, -1] = -torch.inf
        found[k, present] = torch.from_numpy(rows).to(features)
    return found
