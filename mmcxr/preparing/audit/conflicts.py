"""Labels that contradict each other."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from .subject import Subject

#: What a cell of a label column holds when it is known.
LABELS = ('1', '0', '-1')


def conflicting(
    subjects: Sequence[Subject], rows: Sequence[np.ndarray]
) -> tuple[dict[int, str], int]:
    """Films with unequal labels, and how many have labels from several lines.

    Args:
        subjects: whose lines are compared, column by column; faulty cells are not.
        rows: for each subject the number of each of its films.

    Returns:
        {number of a film: its labels, column by column}, ascending.
    """
    cells: dict[str, list[pd.DataFrame]] = {}
    for subject, numbers in zip(subjects, rows, strict=True):
        row = numbers[subject.lines['row'].to_numpy()]
        for column in (*subject.labels, *subject.categories):
            cell = subject.lines[column]
            part = pd.DataFrame(dict(row=row, cell=cell, subject=subject.name))
            told = cell.isin(LABELS) if column in subject.labels else cell != ''
            cells.setdefault(column, []).append(part[told])
    found: dict[int, list[str]] = {}
    several = set()
    for column, parts in cells.items():
        lines = pd.concat(parts)
        lines = lines[lines['row'].duplicated(keep=False)]
        several |= set(lines['row'])
        unequal = lines.groupby('row')['cell'].transform('nunique') > 1
        for row, group in lines[unequal].groupby('row'):
            said = group.drop_duplicates(['cell', 'subject'])
            words = [
                cell if len(subjects) == 1 else f'{cell} in {name}'
                for cell, name in zip(said['cell'], said['subject'], strict=True)
            ]
            found.setdefault(int(row), []).append(f'{column}: {", ".join(words)}')
    return {row: '; '.join(found[row]) for row in sorted(found)}, len(several)
