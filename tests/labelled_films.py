"""Synthetic films in the place of a public dataset, for tests of its configs."""

from pathlib import Path

import numpy as np
import pandas as pd

COLUMNS = ['image', 'patient_id', 'study_id', 'view', 'findings', 'impression']


def label_films(
    source: Path,
    root: Path,
    classes: tuple[str, ...],
    schemes: tuple[str, ...] = (),
    number: int | None = None,
    exclusive: bool = False,
) -> pd.DataFrame:
    """Write a converted dataset whose films are those of ``source``.

    Film i has class c where i + c is even, so that every split has both; of the films
    to train on, each fifth is uncertain in its first class and each seventh unknown.

    Args:
        source: synthetic dataset.
        root: folder to write to.
        classes: label columns.
        schemes: names under which the splits of ``source`` go.
        number: of the films, from the first on; all by default.
        exclusive: film i has class i and no other.

    Returns:
        The table.
    """
    (root / 'splits').mkdir(parents=True)
    (root / 'images').symlink_to(source / 'images')
    table = pd.read_csv(source / 'table.csv')[COLUMNS].iloc[:number]
    splits = pd.read_csv(source / 'splits/official.csv')
    splits = splits[splits['image'].isin(table['image'])]
    film, place = np.indices((len(table), len(classes)))
    labels = (film + place) % 2 == 0
    if exclusive:
        labels = film % len(classes) == place
    labels = pd.DataFrame(labels.astype(float), table.index, classes)
    if not exclusive:
        train = table['image'].isin(splits['image'][splits['split'] == 'train'])
        labels.loc[train & (table.index % 5 == 0), classes[0]] = -1
        labels.loc[train & (table.index % 7 == 0), classes[0]] = np.nan
    table = pd.concat([table, labels], axis=1)
    table.to_csv(root / 'table.csv', index=False)
    for scheme in schemes:
        splits.to_csv(root / f'splits/{scheme}.csv', index=False)
    return table
