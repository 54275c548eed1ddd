"""Copies of films within and across datasets, and the file that keeps them."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from mmcxr.datasets.tables.identities import IDENTITIES_FILE, read_identity_cells
from mmcxr.preparing.near_duplicates.dataset_prints import dataset_prints
from mmcxr.preparing.near_duplicates.prints import join_prints
from mmcxr.preparing.near_duplicates.search import DuplicatePairs, find_duplicates
from mmcxr.preparing.writing import write_csv

from .links import Links, patient_key
from .subject import link_targets, name_films

Progress = Callable[[str, int, int], None]


def search_copies(
    tables: Mapping[Path, pd.DataFrame],
    workers: int,
    progress: Progress,
    pack: str | None = None,
) -> tuple[dict[Path, pd.Series], pd.DataFrame, dict[Path, dict[str, str]]]:
    """Look for copies of films in datasets, all together.

    Args:
        tables: by folder of the dataset.
        workers: threads.
        progress: called with what is done, and the numbers done and to do.
        pack: name of a pack that each dataset has, to read instead of its files.

    Returns:
        For each dataset the group of each image, named by its first, '' where there
        is no copy; pairs with their similarity; and films that cannot be read.

    Raises:
        TableError: a damaged file of prints.
        PackError: a dataset without such a pack.
    """
    parts, unreadable = [], {}
    for root, table in tables.items():
        named = _named(progress, f'reading {root}')
        found, bad = dataset_prints(root, list(table['image']), workers, named, pack)
        parts.append(found)
        unreadable[root] = bad
    prints = join_prints(parts)
    named = _named(progress, 'comparing films')
    pairs = find_duplicates(prints, workers=workers, progress=named)
    groups = pairs.groups(len(prints))
    several = np.isin(groups, groups[pairs.second])
    roots = np.repeat([str(root) for root in tables], [len(part) for part in parts])
    paths = np.array([f'{r}/{i}' for r, i in zip(roots, prints.images, strict=True)])
    copies, start = {}, 0
    for (root, table), part in zip(tables.items(), parts, strict=True):
        rows = slice(start, start + len(part))
        names = np.where(several[rows], paths[groups[rows]], '')
        of_image = dict(zip(part.images, names, strict=True))
        copies[root] = table['image'].map(of_image).fillna('')
        start += len(part)
    return copies, _pairs(pairs, paths), unreadable


def write_identities(
    root: Path, table: pd.DataFrame, copies: pd.Series | None, links: Links
) -> Path | None:
    """Write what is known of the images of a dataset to ``identities.csv``.

    What the file says already and is not found anew stays.

    Args:
        root: folder of the dataset.
        table: its N rows.
        copies: (N,) group of copies, '' for none; None: they were not looked for.
        links: crosswalks.

    Returns:
        The path, or None where there is nothing to say.
    """
    found = read_identity_cells(root, table)
    if copies is not None:
        alone = ~copies.duplicated(keep=False)
        # A group is called by its first image in this dataset.
        first = table['image'].groupby(copies.to_numpy()).transform('first')
        found['film'] = first.where(~alone & (copies != ''), '').to_numpy()
    if links.films:
        target = link_targets(name_films(table['image'])['key'], links)
        found['patient'] = target.map(patient_key).to_numpy()
    if found.shape[1] == 0:
        return None
    found.insert(0, 'image', table['image'].to_numpy())
    kept = (found.drop(columns='image') != '').any(axis=1)
    path = Path(root) / IDENTITIES_FILE
    write_csv(path, found[kept])
    return path


def _pairs(pairs: DuplicatePairs, paths: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(
        dict(
            first=paths[pairs.first],
            second=paths[pairs.second],
            exact=pairs.exact,
            similarity=pairs.similarity.round(3),
            mirrored=pairs.mirrored,
            negative=pairs.negative,
        )
    )


def _named(progress: Progress, what: str) -> Callable[[int, int], None]:
    return lambda done, total: progress(what, done, total)
