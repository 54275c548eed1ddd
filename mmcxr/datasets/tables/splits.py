"""Split schemes: which image is in train, val or test, and in which fraction of it.

A scheme is ``splits/<scheme>.csv`` with columns ``image,split``, so one dataset
carries several. A published list may hold one image in two splits; that is kept, and
:func:`overlap` counts it. The scheme ``clean`` needs no list: see :func:`draw_clean`.
"""

import hashlib
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from mmengine.logging import print_log

from .identities import Identities, join_identities, read_identities
from .table_checks import nearest
from .table_file import TableError, read_cells

#: Shares of the patients in the scheme ``clean``, as bounds on a uniform hash.
CLEAN_SHARES = {'train': 0.7, 'val': 0.1, 'test': 0.2}


@dataclass(frozen=True)
class SplitScheme:
    """A scheme applied to a table.

    Args:
        name: of the scheme.
        rows: row numbers of the table, ascending, for each split.
        unlisted: how many images of the table are in no split.
        unknown: listed images that the table lacks.
        listed: how many images each split lists, in the table or not.
    """

    name: str
    rows: dict[str, np.ndarray]
    unlisted: int
    unknown: tuple[str, ...]
    listed: dict[str, int] = field(default_factory=dict)

    def of(self, split: str) -> np.ndarray:
        """Row numbers of one split.

        Raises:
            TableError: there is no such split, or it is empty.
        """
        if len(self.rows.get(split, ())) == 0:
            if self.listed.get(split):
                raise TableError(
                    f'split scheme {self.name!r}: none of the {self.listed[split]} '
                    f'images that it lists in {split!r} is in the table'
                )
            raise TableError(
                f'split scheme {self.name!r} has no image in {split!r}'
                f'{nearest(split, self.rows)}; it has {_sizes(self.rows)}'
            )
        return self.rows[split]

    def missing(self) -> dict[str, dict[str, int]]:
        """{split: {'listed': images, 'missing': those the table lacks}}, if any."""
        return {
            split: dict(listed=number, missing=number - len(self.rows.get(split, ())))
            for split, number in self.listed.items()
            if number > len(self.rows.get(split, ()))
        }


def read_split(root: str | Path, scheme: str, table: pd.DataFrame) -> SplitScheme:
    """Apply the split scheme ``scheme`` of folder ``root`` to its table.

    Images in no split and listed images that the table lacks are counted in the
    result and logged.

    Raises:
        TableError: no such scheme; a list without its columns, with an empty split
            name or an image twice in one split, or that names no image of the table.
    """
    path = Path(root) / 'splits' / f'{scheme}.csv'
    if not path.is_file():
        if scheme == 'clean':
            return draw_clean(table, read_identities(root, table))
        present = sorted(found.stem for found in path.parent.glob('*.csv'))
        raise TableError(
            f'{path}: no such split list{nearest(scheme, present)}; there are '
            f'{", ".join([*present, "clean (drawn)"])}'
        )
    listed = _read_list(path)
    row_of = pd.Series(np.arange(len(table)), index=table['image'])
    listed['row'] = listed['image'].map(row_of)
    unknown = tuple(listed['image'][listed['row'].isna()])
    known = listed.dropna(subset='row').astype({'row': np.int64})
    if len(known) == 0:
        raise TableError(
            f'{path}: none of its {len(listed)} images is in the table, which has '
            f'names like {table["image"].iloc[0]!r}; the list has {unknown[0]!r}'
        )
    rows = {
        str(split): np.sort(group['row'].to_numpy())
        for split, group in known.groupby('split', sort=False)
    }
    unlisted = len(table) - known['row'].nunique()
    _report(path, unlisted, len(table), unknown)
    sizes = {
        str(k): int(n) for k, n in listed['split'].value_counts(sort=False).items()
    }
    return SplitScheme(scheme, rows, unlisted, unknown, sizes)


def draw_clean(
    table: pd.DataFrame, identities: Identities | None = None
) -> SplitScheme:
    """The scheme ``clean``: disjoint by person and film, in shares of 70, 10 and 20 %.

    A hash of the patient id says where a patient goes, so nothing depends on the
    rest of the table, and a patient under the same id in two datasets is in the same
    split of both. Patients who share a film, or who are one person by another
    dataset's numbering, go together, under the name of that person.

    Args:
        table: N rows.
        identities: of its images; by default what the patient ids say.
    """
    identities = identities or join_identities(table['patient_id'])
    place = unit_hash(identities.name, 'mmcxr clean')
    bounds = np.cumsum(list(CLEAN_SHARES.values())[:-1])
    number = np.searchsorted(bounds, place, side='right')
    rows = {split: np.flatnonzero(number == i) for i, split in enumerate(CLEAN_SHARES)}
    return SplitScheme('clean', rows, 0, ())


def unit_hash(keys: np.ndarray, salt: str) -> np.ndarray:
    """(N,) float64 in [0, 1), uniform over strings and fixed for each.

    Args:
        keys: (N,) strings; equal ones get equal numbers.
        salt: another salt gives independent numbers.
    """
    codes, unique = pd.factorize(keys)
    salt = hashlib.blake2b(salt.encode()).digest()[:16]
    digests = b''.join(
        hashlib.blake2b(str(key).encode(), digest_size=8, salt=salt).digest()
        for key in unique
    )
    numbers = np.frombuffer(digests, '<u8') >> 11  # 53 bits: exact in float64
    return (numbers / 2.0**53)[codes]


def fraction_name(split: str, fraction: float) -> str:
    """Name under which a scheme lists a fraction itself: 0.01 of train is train_1."""
    return f'{split}_{100 * fraction:g}'


def listed_above(scheme: SplitScheme, split: str, fraction: float) -> str:
    """The smallest listed fraction of a split above ``fraction``; else the split."""
    listed = {
        float(found[1]): name
        for name in scheme.rows
        if (found := re.fullmatch(rf'{re.escape(split)}_(\d+(?:\.\d+)?)', name))
    }
    above = [percent for percent in listed if percent > 100 * fraction]
    return listed[min(above)] if above else split


def take_fraction(
    table: pd.DataFrame,
    rows: np.ndarray,
    fraction: float,
    seed: int,
    classes: Sequence[str] = (),
) -> np.ndarray:
    """Part of a split drawn by patients; smaller fractions lie inside larger ones.

    Patients are ordered by a hash of (seed, patient id), except that for each class
    the first patient with a positive comes to the front, so that as far as there is
    room every class has one. The shortest prefix that reaches the fraction is taken.

    Args:
        table: all rows of the dataset.
        rows: row numbers of the split.
        fraction: share of its images, in (0, 1].
        seed: of the draw.
        classes: label columns to keep a positive of.

    Returns:
        Row numbers, ascending.
    """
    if not 0 < fraction <= 1:
        raise ValueError(f'fraction must be in (0, 1], got {fraction}')
    codes, patients = pd.factorize(table['patient_id'].to_numpy()[rows])
    rank = np.argsort(np.argsort(unit_hash(patients, f'mmcxr fraction {seed}')))
    leads = np.zeros(len(patients), bool)
    for name in classes:
        positive = codes[table[name].to_numpy()[rows] == 1]
        if len(positive):
            leads[positive[rank[positive].argmin()]] = True
    order = np.lexsort((rank, ~leads))
    reached = np.cumsum(np.bincount(codes, minlength=len(patients))[order])
    count = 1 + np.searchsorted(reached, fraction * len(rows) * (1 - 1e-12))
    chosen = np.zeros(len(patients), bool)
    chosen[order[:count]] = True
    return rows[chosen[codes]]


def overlap(
    table: pd.DataFrame,
    scheme: SplitScheme,
    against: str = 'train',
    identities: Identities | None = None,
) -> dict[str, dict[str, int]]:
    """Images and patients that each other split shares with ``against``.

    Its own fractions (see :func:`fraction_name`) are part of it and left out.

    Args:
        table: N rows.
        scheme: applied to it.
        against: name of a split.
        identities: of the images; by default what the patient ids say.

    Returns:
        {split: {'images': number, 'patients': number}}, and where copies were looked
        for, 'copies': images of which ``against`` holds a copy, but not the image.
    """
    if against not in scheme.rows:
        return {}
    identities = identities or join_identities(table['patient_id'])
    base = scheme.rows[against]
    return {
        split: shared_counts(rows, base, identities)
        for split, rows in scheme.rows.items()
        if not is_fraction(split, against)
    }


def is_fraction(split: str, of: str) -> bool:
    """Whether a split is ``of`` itself or a fraction of it by its name."""
    return re.fullmatch(rf'{re.escape(of)}(_[\d.]+)?', split) is not None


def shared_counts(
    rows: np.ndarray, base: np.ndarray, identities: Identities
) -> dict[str, int]:
    """What the images ``rows`` share with the images ``base``; see :func:`overlap`."""
    rows, base = np.unique(rows), np.unique(base)
    same = np.isin(rows, base)
    persons = np.intersect1d(identities.person[rows], identities.person[base])
    counts = dict(images=int(same.sum()), patients=len(persons))
    if identities.searched:
        copies = np.isin(identities.film[rows], identities.film[base]) & ~same
        counts['copies'] = int(copies.sum())
    return counts


def _read_list(path: Path) -> pd.DataFrame:
    listed = read_cells(path)
    for name in ('image', 'split'):
        if name not in listed:
            raise TableError(
                f'{path}: no column {name!r}{nearest(name, listed.columns)}; a split '
                'list has the columns image,split'
            )
        if (listed[name] == '').any():
            row = np.flatnonzero(listed[name] == '')[0] + 1
            raise TableError(f'{path}: row {row}: the {name} is empty; fill it in')
    again = listed.duplicated(['image', 'split'])
    if again.any():
        image, split = listed.loc[again, ['image', 'split']].iloc[0]
        raise TableError(
            f'{path}: image {image!r} is listed twice in {split!r}; remove one'
        )
    return listed[['image', 'split']]


def _report(path: Path, unlisted: int, num: int, unknown: tuple[str, ...]) -> None:
    if unlisted:
        print_log(f'{path}: {unlisted} of {num} images are in no split', 'current')
    if unknown:
        shown = ', '.join(unknown[:3]) + (', ...' if len(unknown) > 3 else '')
        print_log(
            f'{path}: {len(unknown)} listed images are not in the table: {shown}',
            'current',
            logging.WARNING,
        )


def _sizes(rows: dict[str, np.ndarray]) -> str:
    return ', '.join(f'{name} ({len(numbers)})' for name, numbers in rows.items())
