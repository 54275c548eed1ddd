"""How uncertain and unknown labels are counted, class by class."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from .table_checks import nearest

_VALUES = {'ones': 1.0, 'zeros': 0.0, 'ignore': np.nan}
Policy = str | Mapping[str, str] | None


def check_policy(policy: Policy, kind: str, classes: Sequence[str] = ()) -> None:
    """Refuse a policy that names no value or, where they are known, no class.

    Args:
        policy: ``'ones'``, ``'zeros'``, ``'ignore'``, a mapping of classes to these,
            or None.
        kind: of the labels, for the message.
        classes: of the dataset.

    Raises:
        ValueError: it does.
    """
    by_class = policy if isinstance(policy, Mapping) else {}
    for value in [*by_class.values()] or [policy]:
        if value is not None and value not in _VALUES:
            raise ValueError(
                f'{kind} labels cannot count as {value!r}'
                f'{nearest(str(value), _VALUES)}; they may be {", ".join(_VALUES)}'
            )
    for name in by_class:
        if classes and name not in classes:
            raise ValueError(
                f'{kind} labels of {name!r} are given a value, but the classes are '
                f'{", ".join(classes)}{nearest(name, classes)}'
            )


def apply_label_policy(
    table: pd.DataFrame, classes: Sequence[str], uncertain: Policy, unknown: Policy
) -> pd.DataFrame:
    """The table with labels of -1 and empty ones decided.

    Args:
        table: label columns hold 1, 0, -1 (uncertain) and NaN (unknown).
        classes: its label columns.
        uncertain: what -1 becomes, see :func:`check_policy`; None, or a class that a
            mapping does not name, leaves it.
        unknown: what NaN becomes, decided first; an uncertain label that is ignored
            ends as NaN.
    """
    check_policy(uncertain, 'uncertain', classes)
    check_policy(unknown, 'unknown', classes)
    settled = {}
    for name in classes:
        labels = table[name]
        for policy, chosen in ((unknown, labels.isna()), (uncertain, labels == -1)):
            value = policy.get(name) if isinstance(policy, Mapping) else policy
            if value is not None:
                labels = labels.mask(chosen, _VALUES[value])
        settled[name] = labels
    return table.assign(**settled)
