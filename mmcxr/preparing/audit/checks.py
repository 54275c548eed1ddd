"""Checks of one set of lists or one split scheme."""

import re
from collections.abc import Iterator
from itertools import combinations

import numpy as np
import pandas as pd

from mmcxr.datasets.tables.film_names import without_suffix
from mmcxr.datasets.tables.identities import name_codes

from .conflicts import LABELS, conflicting
from .findings import Finding
from .subject import Subject

_MIN_STEM = 3  # letters; shorter file names tell nothing


def check_subject(subject: Subject) -> list[Finding]:
    """All that is wrong or worth knowing within a subject."""
    return [
        *overlaps(subject),
        *fractions(subject),
        *repeats(subject),
        *cells(subject),
        *conflicts(subject),
        *missing(subject),
        *persons(subject),
        *names(subject),
        *classes(subject),
        *unknown_patients(subject),
    ]


def split_pairs(splits: list[str]) -> list[tuple[str, str]]:
    """Pairs that should share nothing: (evaluated, trained on), or two evaluated.

    A split and its fractions belong together; where the whole is there, its
    fractions are part of it and left out.
    """
    wholes = {split for split in splits if base_split(split) == split}
    kept = [s for s in splits if s in wholes or base_split(s) not in wholes]
    ordered = sorted(kept, key=_training)
    return [
        (one, other)
        for one, other in combinations(ordered, 2)
        if base_split(one) != base_split(other)
    ]


def overlaps(subject: Subject) -> Iterator[Finding]:
    """Images, patients and copies that two splits share."""
    found, images = subject.identities, subject.films['image'].to_numpy(object)
    for one, other in split_pairs(list(subject.rows)):
        here, there = (np.unique(subject.rows[split]) for split in (one, other))
        same = here[np.isin(here, there)]
        yield from _finding('images', subject, (one, other), images[same], len(here))
        # Of images without a known patient only the images themselves count.
        here_known, there_known = (rows[subject.known[rows]] for rows in (here, there))
        patients = np.unique(found.person[here_known])
        shared = np.intersect1d(patients, found.person[there_known])
        names = _patient_names(subject, here_known, shared)
        yield from _finding('patients', subject, (one, other), names, len(patients))
        copies = here[np.isin(found.film[here], found.film[there])]
        copies = np.setdiff1d(copies, same)
        names = images[copies]
        yield from _finding('copies', subject, (one, other), names, len(here))


def fractions(subject: Subject) -> Iterator[Finding]:
    """Fractions of a split that do not lie inside the larger ones."""
    images = subject.films['image'].to_numpy(object)
    families: dict[str, list[str]] = {}
    for split in subject.rows:
        families.setdefault(base_split(split), []).append(split)
    for family in families.values():
        sizes = {split: np.unique(subject.rows[split]) for split in family}
        ordered = sorted(family, key=lambda split: len(sizes[split]))
        for small, large in combinations(ordered, 2):
            outside = np.setdiff1d(sizes[small], sizes[large])
            names, total = images[outside], len(sizes[small])
            yield from _finding('nesting', subject, (small, large), names, total)


def repeats(subject: Subject) -> Iterator[Finding]:
    """Images that a list has again."""
    for split, lines in subject.lines.groupby('split', sort=False):
        again = lines[lines['row'].duplicated()]
        names = _at(subject, again)
        yield from _finding('repeated', subject, (str(split),), names, len(lines))


def cells(subject: Subject) -> Iterator[Finding]:
    """Label cells that are no labels."""
    for split, lines in subject.lines.groupby('split', sort=False):
        bad, total = [], 0
        for column in subject.labels:
            wrong = lines[~lines[column].isin([*LABELS, ''])]
            places = _at(subject, wrong)
            bad += [
                f'{place}: {column} {cell!r}'
                for place, cell in zip(places, wrong[column], strict=True)
            ]
            total += len(lines)
        yield from _finding('cells', subject, (str(split),), bad, total)


def conflicts(subject: Subject) -> Iterator[Finding]:
    """Images to which two lines give different labels."""
    images = subject.films['image'].to_numpy(object)
    said, total = conflicting([subject], [np.arange(len(images))])
    texts = [f'{images[row]} ({text})' for row, text in said.items()]
    yield from _finding('conflicts', subject, (subject.name,), texts, total)


def missing(subject: Subject) -> Iterator[Finding]:
    """Listed images that the table lacks."""
    total = len(subject.missing) + subject.lines['row'].nunique()
    where = (subject.name,)
    yield from _finding('missing', subject, where, subject.missing, total)


def persons(subject: Subject) -> Iterator[Finding]:
    """Copies under two patients of the same numbering."""
    films = subject.films.assign(film=subject.identities.film)
    films = films[films['film'].duplicated(keep=False) & (films['patient'] != '')]
    pairs = [
        f'{one} and {other}'
        for _, group in films.groupby('film')
        for (one, patient), (other, other_patient) in combinations(
            group[['image', 'patient']].to_numpy(), 2
        )
        if patient != other_patient
    ]
    sizes = films.groupby('film').size()
    total = int((sizes * (sizes - 1)).sum()) // 2
    yield from _finding('persons', subject, (subject.name,), pairs, total)


def names(subject: Subject) -> Iterator[Finding]:
    """Other paths with the same file name, where names tell nothing else."""
    images = subject.films['image']
    stems = images.map(lambda name: without_suffix(name).rpartition('/')[2])
    plain = (subject.films['source'] == '') & (stems.str.len() >= _MIN_STEM)
    codes = name_codes(stems.where(plain, ''))
    for one, other in split_pairs(list(subject.rows)):
        here, there = (np.unique(subject.rows[split]) for split in (one, other))
        here = np.setdiff1d(here, there)
        alike = here[np.isin(codes[here], codes[there])]
        found = images.to_numpy(object)[alike]
        yield from _finding('names', subject, (one, other), found, len(here))


def classes(subject: Subject) -> Iterator[Finding]:
    """Classes of which a split has only positives or only negatives."""
    for split, lines in subject.lines.groupby('split', sort=False):
        lacking = []
        for column in subject.labels:
            counts = lines[column].value_counts()
            lacking += [
                f'{column}: no {word}'
                for cell, word in (('1', 'positive'), ('0', 'negative'))
                if cell not in counts
            ]
        number = len(subject.labels)
        yield from _finding('empty classes', subject, (str(split),), lacking, number)


def unknown_patients(subject: Subject) -> Iterator[Finding]:
    """How many images tell no patient: their leaks stay unseen."""
    number, total = int((~subject.known).sum()), len(subject.films)
    if number:
        where = (subject.name,)
        yield Finding('unknown patients', subject.name, where, number, total, ())


def _finding(
    kind: str, subject: Subject, splits: tuple[str, ...], names, total: int
) -> Iterator[Finding]:
    if len(names):
        yield Finding(kind, subject.name, splits, len(names), total, tuple(names))


def base_split(split: str) -> str:
    """What a split is a fraction of: train of train_10."""
    return re.sub(r'_[\d.]+$', '', split)


def _training(split: str) -> tuple[int, str]:
    """Evaluated splits first, what is trained on last."""
    order = ('test', 'val', 'train')
    base = base_split(split)
    return order.index(base) if base in order else len(order), split


def _at(subject: Subject, lines: pd.DataFrame) -> list[str]:
    images = subject.films['image'].to_numpy(object)[lines['row']]
    return [f'{i} ({p})' for i, p in zip(images, lines['place'], strict=True)]


def _patient_names(
    subject: Subject, rows: np.ndarray, persons: np.ndarray
) -> np.ndarray:
    """A name for each of some persons: of the patient, from one of their images."""
    films = subject.films.iloc[rows]
    label = films['patient'].where(films['patient'] != '', films['origin'])
    label = [name.rpartition('/')[2] for name in label]
    first = pd.Series(label, dtype=object).groupby(subject.identities.person[rows])
    first = first.first()
    return first.loc[persons].to_numpy(object)
