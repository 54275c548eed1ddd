"""What a person should know of their films before anything is learned from them."""

from pathlib import Path

import pandas as pd

from mmcxr.datasets.tables.splits import SplitScheme, overlap
from mmcxr.datasets.tables.table import TableError

from .patient_folds import NUM_FOLDS


def check_trainable(
    labels: pd.DataFrame, exclusive: bool, uncertain: str, path: Path
) -> None:
    """Refuse training films of which a class cannot be learned.

    Args:
        labels: (N, C) of those that can be read, as :func:`csv_labels` gives them.
        exclusive: likewise.
        uncertain: what -1 counts as: 'ignore', 'zeros' or 'ones'.
        path: of their file.

    Raises:
        TableError: naming the class.
    """
    counted = {'ignore': '', 'zeros': 0, 'ones': 1}[uncertain]
    labels = labels.replace(-1, counted)
    lacking = []
    for name in labels:
        present, absent = (labels[name] == 1).sum(), (labels[name] == 0).sum()
        if not present and not absent:
            lacking.append(f'{name!r} has no known label')
        elif not present:
            lacking.append(f'{name!r} has no positive')
        elif not absent:
            lacking.append(f'{name!r} has no negative')
    if lacking:
        kind = 'class' if exclusive else 'column'
        raise TableError(
            f'{path}: {kind} {"; ".join(lacking)} among the {len(labels)} training '
            'films that can be read; leave it out, or add films'
        )


def film_remarks(
    films: pd.DataFrame, repeated: int, has_patients: bool, has_val: bool
) -> list[str]:
    """Sentences on patients, rows and folds.

    Args:
        films: that can be read, with ``patient_id`` as the files have it.
        repeated: rows that repeat a film of the same split.
        has_patients: the files have a column of patients.
        has_val: there is a validation file.
    """
    remarks = []
    if not has_patients:
        remarks.append(
            'no patient column: each film counts as a patient of its own, so intervals '
            'may be too narrow and folds may share patients'
        )
    elif number := int((films['patient_id'] == '').sum()):
        remarks.append(f'{number} films have no patient id; each is its own patient')
    if repeated:
        remarks.append(f'{repeated} rows repeat a film of the same split; merged')
    if not has_val:
        remarks.append(
            f'no validation file: probes are chosen on {NUM_FOLDS} folds of the '
            'training films, and fine-tuning on one of them, grouped by patient'
        )
    return remarks


def split_remarks(table: pd.DataFrame, scheme: SplitScheme, has_val: bool) -> list[str]:
    """Sentences on films and patients that splits share; see :func:`film_remarks`."""
    pairs = [('test', 'train')]
    if has_val:
        pairs += [('val', 'train'), ('test', 'val')]
    remarks = []
    for split, other in pairs:
        shared = overlap(table, scheme, other)[split]
        if any(shared.values()):
            remarks.append(
                f'caution: {split} shares {shared["images"]} films and '
                f'{shared["patients"]} patients with {other}'
            )
    return remarks
