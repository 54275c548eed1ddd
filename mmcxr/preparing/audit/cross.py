"""Checks across sets of lists, schemes and datasets."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd

from .checks import base_split
from .conflicts import conflicting
from .findings import Finding
from .subject import Subject, identities_of, with_name_patients

_EVALUATED = ('test', 'val')
_NO_FINDING = re.compile(r'column \d+|label|target|class|value|y', re.IGNORECASE)


def cross_conflicts(subjects: Sequence[Subject]) -> Iterator[Finding]:
    """Films to which two sets of lists give different labels.

    Columns are compared under the same name, if it is a name; categories if they are
    out of the same texts. What contradicts itself within one set is left out.
    """
    if len(subjects) < 2:
        return
    films = pd.concat([subject.films for subject in subjects], ignore_index=True)
    codes, _ = pd.factorize(films['key'])
    bounds = np.cumsum([0, *(len(subject.films) for subject in subjects)])
    rows = [codes[s:e] for s, e in zip(bounds, bounds[1:], strict=False)]
    images = films['image'].to_numpy(object)[np.unique(codes, return_index=True)[1]]
    compared = [_comparable(subject) for subject in subjects]
    said, total = conflicting(compared, rows)
    for subject, row in zip(compared, rows, strict=True):
        alone, _ = conflicting([subject], [row])
        said = {number: text for number, text in said.items() if number not in alone}
    if said:
        name = f'{len(subjects)} sets of lists'
        texts = tuple(f'{images[row]} ({text})' for row, text in said.items())
        yield Finding('conflicts', name, (name,), len(texts), total, texts)


def cross_overlaps(one: Subject, other: Subject) -> Iterator[Finding]:
    """Images and patients of ``one`` that are in ``other``.

    Films are one where their ids are, where a crosswalk says so, or where one is a
    copy of the other. A leak where one side is for evaluation and the other is not.
    """
    one, other = with_name_patients(one), with_name_patients(other)
    films = pd.concat([one.films, other.films], ignore_index=True)
    found = identities_of(films, True)
    known = np.concatenate([one.known, other.known])
    images = one.films['image'].to_numpy(object)
    patients = _patients(one.films)
    start = len(one.films)
    for here, there in product(one.rows, other.rows):
        if _is_part(here, one) or _is_part(there, other):
            continue
        rows, others = np.unique(one.rows[here]), np.unique(other.rows[there]) + start
        same = rows[np.isin(found.film[rows], found.film[others])]
        rows_known, others_known = rows[known[rows]], others[known[others]]
        persons = np.unique(found.person[rows_known])
        shared = np.isin(found.person[rows_known], found.person[others_known])
        number = len(np.unique(found.person[rows_known[shared]]))
        evaluated = [base_split(split) in _EVALUATED for split in (here, there)]
        kind = 'cross' if evaluated[0] != evaluated[1] else 'shared'
        where = (here, f'{other.name} {there}')
        if len(same):
            names, total = tuple(images[same]), len(rows)
            yield Finding(kind, one.name, where, len(names), total, names, 'images')
        if number:
            names = tuple(dict.fromkeys(patients[rows_known[shared]]))
            total = len(persons)
            yield Finding(kind, one.name, where, number, total, names, 'patients')


def _comparable(subject: Subject) -> Subject:
    """The same with the columns that mean the same elsewhere, under names that tell."""
    # A place in a line, or a name like that, is no name of a finding.
    labels = [name for name in subject.labels if not _NO_FINDING.fullmatch(name)]
    names = {}
    for column in subject.categories:
        texts = sorted(set(subject.lines[column]) - {''})
        names[column] = f'{column} ({", ".join(texts)})'
    lines = subject.lines.rename(columns=names)
    return replace(
        subject, lines=lines, labels=tuple(labels), categories=tuple(names.values())
    )


def _patients(films: pd.DataFrame) -> np.ndarray:
    """(N,) name of the patient, as the other side may know it."""
    names = films['origin'].where(films['origin'] != '', films['patient'])
    return np.array([name.rpartition('/')[2] for name in names], object)


def _is_part(split: str, subject: Subject) -> bool:
    base = base_split(split)
    return base != split and base in subject.rows
