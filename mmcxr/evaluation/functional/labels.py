"""Label tables with uncertain and unknown cells, and class counts."""

import numpy as np

UNCERTAIN_POLICIES = ('ignore', 'zeros', 'ones')


def resolve_uncertain(labels, policy: str) -> np.ndarray:
    """Decide what an uncertain label counts as.

    Args:
        labels: (N, C) of 1 present, 0 absent, -1 uncertain, NaN unknown.
        policy: what -1 becomes: 'ignore' unknown, 'zeros' absent, 'ones' present.

    Returns:
        (N, C) float64 of 0, 1 and NaN.

    Raises:
        ValueError: the policy is unknown or a label has another value.
    """
    if policy not in UNCERTAIN_POLICIES:
        raise ValueError(
            f'uncertain must be one of {UNCERTAIN_POLICIES}, got {policy!r}'
        )
    labels = np.array(labels, np.float64)
    strange = labels[~(np.isin(labels, (-1, 0, 1)) | np.isnan(labels))]
    if len(strange):
        raise ValueError(
            f'label {strange[0]:g} is none of 1, 0, -1 (uncertain) and NaN (unknown)'
        )
    labels[labels == -1] = {'ignore': np.nan, 'zeros': 0, 'ones': 1}[policy]
    return labels


def class_counts(labels, classes: list[str]) -> dict[str, dict[str, int]]:
    """Count the cells of each class as the table has them, before any policy.

    Args:
        labels: (N, C) as :func:`resolve_uncertain` takes.
        classes: C names.
    """
    labels = np.asarray(labels, np.float64)
    counts = dict(
        positive=(labels == 1).sum(0),
        negative=(labels == 0).sum(0),
        uncertain=(labels == -1).sum(0),
        unknown=np.isnan(labels).sum(0),
    )
    return {
        name: {key: int(value[column]) for key, value in counts.items()}
        for column, name in enumerate(classes)
    }
