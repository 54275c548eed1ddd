"""Checks across sets of lists, schemes and datasets."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd

from .checks import base_split, conflicting
from .findings import Finding
from .subject import Subject, identities_of, with_name_patients

_EVALUATED = ('test', 'val')


def cross_conflicts(subjects: Sequence[Subject]) -> Iterator[Finding]:
    """Films to which two sets of lists give different labels.

    Columns are compared under the same name, if it is a name; categories if they are
    out of the same texts.
    """
    if len(subjects) < 2:
        return
    films = pd.concat([subject.films for subject in subjects], ignore_index=True)
    codes, _ = pd.factorize(films['key'])
    bounds = np.cumsum([0, *(len(subject.films) for subject in subjects)])
    rows = [codes[s:e] for s, e in zip(bounds, bounds[1:], strict=False)]
    images = films['image'][~pd.Series(codes).duplicated()].reset_index(drop=True)
    compared = [_comparable(subject) for subject in subjects]
    found, total = conflicting(images, compared, rows)
    known = {name for subject in compared for name in conflicting_alone(subject)}
    found = [text for text in found if text.partition(' (')[0] not in known]
    if found:
        name = f'{len(subjects)} sets of lists'
        yield Finding('conflicts', name, (name,), len(found), total, tuple(found))


def conflicting_alone(subject: Subject) -> set[str]:
    """Images whose labels conflict within a subject already."""
    texts, _ = conflicting(subject.films['image'], [subject])
    return {text.partition(' (')[0] for text in texts}


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
            names = tuple(images[same])
            yield Finding(kind, one.name, where, len(names), len(rows), names, 'images')
        if number:
            names = tuple(dict.fromkeys(patients[rows_known[shared]]))
            yield Finding(
                kind, one.name, where, number, len(persons), names, 'patients'
            )


def _comparable(subject: Subject) -> Subject:
    """The same with the columns that mean the same elsewhere, under names that tell."""
    labels = [name for name in subject.labels if not name.startswith('label')]
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
