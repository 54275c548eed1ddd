"""A dataset of a person's own CSV files, in place: films are linked, not copied.

A file per split, with a column of film paths and columns of labels, perhaps one of
patients. What comes of it is a folder as any converter writes, with the split scheme
``csv``, so that everything that reads datasets reads these.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from mmcxr.datasets.conversion.source import need_columns
from mmcxr.datasets.conversion.writing import place_file, write_dataset
from mmcxr.datasets.splits import overlap, read_split, unit_hash
from mmcxr.datasets.table import TableError, label_columns, read_table
from mmcxr.datasets.table_file import read_cells

from .csv_films import unreadable_films
from .csv_labels import check_trainable, csv_labels

SCHEME = 'csv'
#: Folds that patients are dealt to; where there is no validation file, one of them
#: validates a fine-tuning, and each in turn a probe.
NUM_FOLDS = 5


@dataclass(frozen=True)
class CSVColumns:
    """Columns of the files.

    Args:
        path: of the film; a relative one is looked for under ``image_root``.
        classes: of the labels.
        patient: of patient ids; None makes each film a patient of its own.
        image_root: folder of relative paths.
    """

    path: str
    classes: Sequence[str]
    patient: str | None = None
    image_root: str = '.'


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
) -> CSVData:
    """Make a dataset of CSV files.

    Args:
        files: of ``train``, ``test`` and perhaps ``val``.
        columns: to read.
        root: folder to write to.
        name: of the dataset in results.
        uncertain: what -1 counts as, to see whether a class can be learned.
        workers: processes that read films.

    Raises:
        TableError: no such file or column, a cell that is no label, one film with two
            labels, a class that cannot be learned, or no film that can be read.
    """
    root = Path(root)
    tables = {split: (Path(path), read_cells(Path(path)))
              for split, path in files.items()}  # fmt: skip
    for path, table in tables.values():
        patient = [columns.patient] if columns.patient else []
        need_columns(table, (columns.path, *columns.classes, *patient), path)
    labels, exclusive = csv_labels(tables, columns.classes)
    listed = pd.concat(
        [
            _rows(path, table, labels[split], split, columns)
            for split, (path, table) in tables.items()
        ],
        ignore_index=True,
    )
    classes = list(labels['train'])
    if taken := sorted(set(classes) - set(label_columns(labels['train']))):
        raise TableError(
            f'{tables["train"][0]}: a class cannot be called {taken[0]!r}, which is no '
            'label in a table of ours; rename the column'
        )
    films, repeated = _merge(listed, classes)
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
        exclusive, uncertain, tables['train'][0],
    )  # fmt: skip
    if 'val' not in tables:
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
    return CSVData(
        root, name, tuple(classes), exclusive, 'val' in tables, tuple(left_out),
        tuple(_remarks(root, columns, kept, repeated, 'val' in tables)),
    )  # fmt: skip


def fold_numbers(patients: Sequence[str], num_folds: int = NUM_FOLDS) -> np.ndarray:
    """(N,) fold of each film: patients are dealt in turn, in the order of a hash."""
    codes, unique = pd.factorize(np.asarray(patients))
    order = np.argsort(unit_hash(unique, 'mmcxr folds'), kind='stable')
    fold = np.empty(len(unique), np.int64)
    fold[order] = np.arange(len(unique)) % num_folds
    return fold[codes]


def _rows(
    path: Path, table: pd.DataFrame, labels: pd.DataFrame, split: str, columns
) -> pd.DataFrame:
    """Film, patient and labels of each row, and where it is from."""
    cells = table[columns.path].str.strip()
    if (cells == '').any():
        row = np.flatnonzero(cells == '')[0] + 1
        raise TableError(f'{path}: row {row}, column {columns.path!r}: is empty')
    if len(table) == 0:
        raise TableError(f'{path}: has no rows')
    paths = cells.map(lambda p: os.path.abspath(Path(columns.image_root, p)))
    patients = table[columns.patient].str.strip() if columns.patient else ''
    place = [f'{path}: row {row}' for row in range(1, len(table) + 1)]
    facts = dict(path=paths, patient_id=patients, split=split, place=place)
    return pd.concat([pd.DataFrame(facts, table.index), labels], axis=1)


def _merge(listed: pd.DataFrame, classes: list[str]) -> tuple[pd.DataFrame, int]:
    """One row per film, and how many rows repeat one of the same split.

    Raises:
        TableError: two rows of a film say different things.
    """
    facts = ['path', 'patient_id', *classes]
    films = listed.drop_duplicates(facts)
    again = films.duplicated('path')
    if again.any():
        row = films[again].iloc[0]
        first = films[films['path'] == row['path']].iloc[0]
        raise TableError(
            f'{row["place"]}: {row["path"]!r} has other labels or another patient than '
            f'in {first["place"]}; correct one of them'
        )
    return films[facts].copy(), int(listed.duplicated(['path', 'split']).sum())


def _folds(films: pd.DataFrame) -> pd.DataFrame:
    """Lists ``fit`` and ``val`` of the training films."""
    patients = films['patient_id'].where(films['patient_id'] != '', films['image'])
    split = np.where(fold_numbers(patients.to_numpy()) == 0, 'val', 'fit')
    return pd.DataFrame(dict(image=films['image'].to_numpy(), split=split))


def _remarks(root, columns, kept, repeated, has_val) -> list[str]:
    """Sentences on patients, splits and what they share."""
    remarks = []
    if columns.patient is None:
        remarks.append(
            'no patient column: each film counts as a patient of its own, so intervals '
            'may be too narrow and folds may share patients'
        )
    elif number := int((kept['patient_id'] == '').sum()):
        remarks.append(f'{number} films have no patient id; each is its own patient')
    if repeated:
        remarks.append(f'{repeated} rows repeat a film of the same split; merged')
    table = read_table(root)
    scheme = read_split(root, SCHEME, table)
    pairs = [('test', 'train')]
    if has_val:
        pairs += [('val', 'train'), ('test', 'val')]
    else:
        remarks.append(
            f'no validation file: probes are chosen on {NUM_FOLDS} folds of the '
            'training films, and fine-tuning on one of them, grouped by patient'
        )
    for split, other in pairs:
        shared = overlap(table, scheme, other)[split]
        if any(shared.values()):
            remarks.append(
                f'caution: {split} shares {shared["images"]} films and '
                f'{shared["patients"]} patients with {other}'
            )
    return remarks
