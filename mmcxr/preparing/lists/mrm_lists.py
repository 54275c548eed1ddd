"""A split scheme of ours -> the text lists that MRM fine-tunes on.

A line is a film and 0 or 1 for each class, between blanks: ``train_list.txt``,
``val_list.txt``, ``test_list.txt``, and ``train_10.txt`` for a fraction
(https://github.com/RL4M/MRM-pytorch, ``DatasetsSplits``). Without classes a line is a
film, as in its lists of SIIM. :mod:`.split_lists` reads them.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mmcxr.datasets.tables.label_policy import Policy, apply_label_policy
from mmcxr.datasets.tables.splits import read_split
from mmcxr.datasets.tables.table import label_columns, read_table
from mmcxr.datasets.tables.table_checks import nearest
from mmcxr.datasets.tables.table_file import TableError
from mmcxr.preparing.writing import Tally, write_text

_WHOLE = ('train', 'val', 'test')


def write_mrm_lists(
    root: str | Path,
    folder: str | Path,
    scheme: str,
    classes: Sequence[str] = (),
    uncertain: Policy = None,
    unknown: Policy = None,
) -> Tally:
    """Write a list for each split of a scheme.

    Films with a label that is neither 1 nor 0 in the end are left out and counted.

    Args:
        root: folder of the dataset.
        folder: to write to.
        scheme: split scheme.
        classes: label columns, in the order of the lists; empty: no labels.
        uncertain: what -1 becomes, as :mod:`mmcxr.datasets.tables.label_policy` has it.
        unknown: what an empty label becomes, likewise.

    Returns:
        Counts of what was written and left out.

    Raises:
        FileExistsError: there is such a file.
        TableError: no such class, a film whose name holds a blank, or a split without
            any film of known labels.
    """
    root, folder, tally = Path(root), Path(folder), Tally()
    table, classes = read_table(root), list(classes)
    for name in classes:
        if name not in label_columns(table):
            hint = nearest(name, label_columns(table))
            raise TableError(f'{root}: no label column {name!r}{hint}')
    splits = read_split(root, scheme, table).rows
    labels = apply_label_policy(table, classes, uncertain, unknown)[classes]
    known = labels.isin((0, 1)).all(axis=1)
    texts = {}
    for split, rows in splits.items():
        path = folder / (f'{split}_list.txt' if split in _WHOLE else f'{split}.txt')
        if path.exists():
            raise FileExistsError(f'{path}: is there; remove it or write elsewhere')
        for image in table['image'].iloc[rows][~known.iloc[rows]]:
            tally.note('left out, labels uncertain or unknown', f'{image} ({split})')
        rows = rows[known.iloc[rows].to_numpy()]
        if len(rows) == 0:
            raise TableError(
                f'{root}: no film of {split!r} has known labels of '
                f'{", ".join(classes)}; say what the others count as'
            )
        images = table['image'].iloc[rows]
        blanks = images[images.str.contains(r'\s')]
        if len(blanks):
            raise TableError(
                f'{root}: {blanks.iloc[0]!r} holds a blank, which ends a name in these '
                'lists'
            )
        marks = labels.iloc[rows].astype(int).astype(str).to_numpy()
        lines = [' '.join(line) for line in np.column_stack([images, marks])]
        texts[path] = ''.join(f'{line}\n' for line in lines)
        kind = f'films written to {path.name}'
        for image in images:
            tally.note(kind, image)
    for path, text in texts.items():
        write_text(path, text)
    return tally
