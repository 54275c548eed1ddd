"""The order in which the rows of a table lie in a pack."""

import numpy as np
import pandas as pd

from .layout import film_name, key_of


def arranged(table: pd.DataFrame, order: str) -> pd.DataFrame:
    """The rows of a table in the order in which they are packed.

    They are shuffled by a hash of names, which follows from no seed and from no other
    row: it is the same everywhere, and rows that come or go leave the others as they
    were, in whatever order the table has them.

    Args:
        table: as :func:`~mmcxr.datasets.tables.table.read_table` gives it.
        order: one of :data:`~mmcxr.datasets.packs.layout.ORDERS`. ``table``: as they
            are. ``films``: each row by itself. ``studies``: each study by itself, its
            rows next to each other as in the table.
    """
    if order == 'table':
        return table
    if order == 'films':
        names = map(film_name, table['image'])
    else:
        studies = zip(table['patient_id'], table['study_id'], strict=True)
        names = (f'studies/{patient}\n{study}' for patient, study in studies)
    keys = np.fromiter(map(key_of, names), np.uint64, len(table))
    return table.iloc[keys.argsort(kind='stable')]
