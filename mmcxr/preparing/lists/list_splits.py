"""Lists that have a column for each split, made into rows that name their split."""

import pandas as pd

from .list_columns import LABEL_CELLS, split_name


def one_split_a_row(cells: pd.DataFrame) -> pd.DataFrame:
    """The same list with a column ``split``, if it has a column for each split.

    Such columns hold the names of the images (all columns do, then), or say of each
    image whether it is in the split, and leave; what is in no split goes. Any other
    list is returned as it is.

    Args:
        cells: strings under their names, by line.
    """
    named = {name: split_name(name) for name in cells if split_name(name)}
    if len(set(named.values())) < 2 or 'train' not in named.values():
        return cells
    marks = all(set(cells[name]) <= {*LABEL_CELLS} for name in named)
    if not marks and len(named) < cells.shape[1]:
        return cells
    parts = []
    for name, split in named.items():
        if marks:
            marked = cells[name].map(LABEL_CELLS) == '1'
            parts.append(cells[marked].drop(columns=list(named)).assign(split=split))
        else:
            images = cells.loc[cells[name] != '', [name]]
            parts.append(images.set_axis(['image'], axis=1).assign(split=split))
    return pd.concat(parts)
