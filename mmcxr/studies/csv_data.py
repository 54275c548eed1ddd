"""A dataset of a person's own CSV files, in place: films are linked, not copied.

A file per split, with a column of film paths and columns of labels, perhaps one of
patients. What comes of it is a folder as any converter writes, with the split scheme
``csv``, so that everything that reads datasets reads these.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from mmcxr.datasets.tables.splits import read_split
from mmcxr.datasets.tables.table import TableError, read_table
from mmcxr.preparing.lists.csv_form import CSVColumns, merge_rows, read_listing
from mmcxr.preparing.writing import place_file, write_dataset

from .csv_checks import check_trainable, film_remarks, split_remarks
from .csv_films import unreadable_films
from .patient_folds import fold_numbers

SCHEME = 'csv'


@dataclass(frozen=True)
class CSVData:
    """What was made of the files.

    Args:
        root: folder of the dataset.
        name: of it, in results.
        classes: C names.
        exclusive: exactly one class is true of each film.
        has_val: there is a validation file; else ``val`` is a fold of the training
            films and ``fit`` the others.
        left_out: films that cannot be read: dict(image, splits, reason).
        remarks: sentences on what was found.
    """

    root: Path
    name: str
    classes: tuple[str, ...]
    exclusive: bool
    has_val: bool
    left_out: tuple[dict, ...]
    remarks: tuple[str, ...]

    def dataset(self, split: str, scheme: str = SCHEME) -> dict:
        """Config of the dataset of a split, without pipeline."""
        facts = dict(dataset=self.name)
        if self.exclusive:
            facts['exclusive'] = True
        return dict(
            type='ClassificationDataset',
            data_root=str(self.root),
            split_scheme=scheme,
            split=split,
            classes=list(self.classes),
            metainfo=facts,
        )

    def unreadable_lines(self) -> list[str]:
        """A sentence for each film that cannot be read."""
        return [
            f'left out of {" and ".join(film["splits"])}: {film["image"]}: '
            f'{film["reason"]}'
            for film in self.left_out
        ]


def prepare_csv(
    files: Mapping[str, str | Path],
    columns: CSVColumns,
    root: str | Path,
    name: str = 'own data',
    uncertain: str = 'ignore',
    workers: int = 0,
    image_root: str | Path = '.',
) -> CSVData:
    """Make a dataset of CSV files.

    Args:
        files: of ``train``, ``test`` and perhaps ``val``.
        columns: to read.
        root: folder to write to.
        name: of the dataset in results.
        uncertain: what -1 counts as, to see whether a class can be learned.
        workers: processes that read films.
        image_root: folder of relative paths.

    Raises:
        TableError: no such file or column, a cell that is no label, one film with two
            labels, a class that cannot be learned, or no film that can be read.
    """
    root = Path(root)
    listed, classes, exclusive = read_listing(files, columns)
    listed['path'] = [os.path.abspath(Path(image_root, p)) for p in listed['path']]
    films = merge_rows(listed, classes)
    faults = unreadable_films(films['path'], root / 'read_films.json', workers)
    readable = ~films['path'].isin(faults)
    if not readable.any():
        path, reason = next(iter(faults.items()))
        raise TableError(
            f'none of the {len(films)} films can be read, the first: {path}: {reason}; '
            'relative paths are looked for under --image-root'
        )
    base = Path(os.path.commonpath(films['path'].map(os.path.dirname).tolist()))
    films['image'] = films['path'].map(lambda p: Path(p).relative_to(base).as_posix())
    films['study_id'] = ''
    lists = listed.merge(films[['path', 'image']], on='path')[['image', 'split']]
    lists = lists.drop_duplicates()
    kept = films[readable]
    of_train = lists['image'][lists['split'] == 'train']
    check_trainable(
        kept.loc[kept['image'].isin(of_train), classes],
        exclusive, uncertain, Path(files['train']),
    )  # fmt: skip
    has_val = 'val' in files
    if not has_val:
        lists = pd.concat([lists, _folds(kept[kept['image'].isin(of_train)])])
    place_file(base, root / 'images', link=True)
    write_dataset(
        root,
        kept[['image', 'patient_id', 'study_id', *classes]],
        {SCHEME: lists.reset_index(drop=True)},
    )
    split_of = lists.groupby('image')['split'].agg(list)
    left_out = [
        dict(image=row.image, splits=split_of[row.image], reason=faults[row.path])
        for row in films[~readable].itertuples()
    ]
    table = read_table(root)
    repeated = int(listed.duplicated(['path', 'split']).sum())
    remarks = (
        *film_remarks(kept, repeated, columns.patient is not None, has_val),
        *split_remarks(table, read_split(root, SCHEME, table), has_val),
    )
    return CSVData(
        root, name, tuple(classes), exclusive, has_val, tuple(left_out), remarks
    )


def _folds(films: pd.DataFrame) -> pd.DataFrame:
    """Lists ``fit`` and ``val`` of the training films."""
    patients = films['patient_id'].where(films['patient_id'] != '', films['image'])
    split = np.where(fold_numbers(patients.to_numpy()) == 0, 'val', 'fit')
    return pd.DataFrame(dict(image=films['image'].to_numpy(), split=split))
