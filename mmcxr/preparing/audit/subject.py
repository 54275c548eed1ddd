"""What is audited: images by split, with all that is known of them.

Lists and split schemes of a table become the same thing here, so that every check is
written once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from mmcxr.datasets.tables.film_names import parse_film_name
from mmcxr.datasets.tables.identities import (
    Identities,
    joined,
    name_codes,
    read_identity_cells,
)
from mmcxr.datasets.tables.splits import SplitScheme
from mmcxr.datasets.tables.table import label_columns
from mmcxr.preparing.lists.split_lists import SplitLists

from .links import Links, film_key, patient_key

_CELLS = {1.0: '1', 0.0: '0', -1.0: '-1'}


@dataclass(frozen=True)
class Subject:
    """N images in splits.

    Args:
        name: of the lists or scheme.
        films: (N) rows: ``image`` (name), ``key`` (the same for all names of a film),
            ``named`` (patient that the name tells), ``source`` (collection that the
            name is of), ``patient``, ``origin`` (patient by another dataset's
            numbering), ``alias`` (key of the film in that dataset, else its own),
            ``copy`` (name of a group of copies); '' where unknown.
        lines: one row per line of a list: ``row`` (of ``films``), ``split``,
            ``place`` and the columns of labels and categories.
        labels: columns of '1', '0', '-1' and ''.
        categories: columns of texts.
        searched: copies were looked for.
        missing: listed images that the table lacks.
    """

    name: str
    films: pd.DataFrame
    lines: pd.DataFrame
    labels: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    searched: bool = False
    missing: tuple[str, ...] = ()

    @cached_property
    def rows(self) -> dict[str, np.ndarray]:
        """Row numbers as listed, with repeats, by split."""
        groups = self.lines.groupby('split', sort=False)['row']
        return {str(split): group.to_numpy() for split, group in groups}

    @cached_property
    def known(self) -> np.ndarray:
        """(N,) bool: whose image it is is known."""
        return ((self.films['patient'] != '') | (self.films['origin'] != '')).to_numpy()

    @cached_property
    def identities(self) -> Identities:
        """Which images are of one film and of one person."""
        return identities_of(self.films, self.searched)


def identities_of(films: pd.DataFrame, searched: bool) -> Identities:
    """Films and persons of images; see :class:`Subject` for the columns."""
    same = joined(name_codes(films['alias']), name_codes(films['copy']))
    person = joined(name_codes(films['patient']), name_codes(films['origin']), same)
    return Identities(same, person, films['key'].to_numpy(object), searched)


def name_films(images: pd.Series) -> pd.DataFrame:
    """What the names of films tell."""
    parsed = [parse_film_name(name) for name in images]
    keys = [film_key(name, film) for name, film in zip(images, parsed, strict=True)]
    films = pd.DataFrame(
        dict(
            image=images.to_numpy(),
            key=pd.Series(keys, dtype='str'),
            named=pd.Series(map(patient_key, parsed), dtype='str'),
            source=pd.Series([f.source if f else '' for f in parsed], dtype='str'),
        )
    )
    # 1.png and 1.jpg in one set of lists are two films, as far as anyone knows.
    twice = films['key'].duplicated(keep=False) & (films['source'] == '')
    films['key'] = films['key'].where(~twice, films['image'])
    return films


def link_targets(keys: pd.Series, links: Links) -> pd.Series:
    """(N,) FilmName of each film in another collection, or None."""
    if not links.films:
        return pd.Series([None] * len(keys), dtype=object)
    # The id without folder is enough, as crosswalks list ids.
    stems = keys.str.rpartition('/')[2]
    found = [
        links.films.get(key) or links.films.get(stem)
        for key, stem in zip(keys, stems, strict=True)
    ]
    return pd.Series(found, dtype=object)


def subject_of_lists(lists: SplitLists, links: Links) -> Subject:
    """Published lists; whose a film is is told by a column, a link or its name."""
    lines = lists.rows
    known = name_films(pd.Series(lines['image'].unique()))
    key_of = known.set_index('image')['key']
    codes, _ = pd.factorize(lines['image'].map(key_of))
    films = known.drop_duplicates('key', ignore_index=True)
    listed = lines['patient'].groupby(codes).max().reset_index(drop=True)
    linked = pd.Series([links.patients.get(key, '') for key in films['key']])
    listed = listed.where(listed == '', 'listed/' + listed)
    films['patient'] = _first_known(linked, listed)
    target = link_targets(films['key'], links)
    films['origin'] = _first_known(target.map(patient_key), films['named'])
    films['alias'] = _alias(films['key'], target)
    films['copy'] = ''
    places = lines['file'] + ' line ' + lines['line'].astype(str)
    lines = lines.assign(row=codes, place=places)
    kept = ['row', 'split', 'place', *lists.labels, *lists.categories]
    return Subject(lists.name, films, lines[kept], lists.labels, lists.categories)


def subject_of_table(
    name: str, root: str | Path, table: pd.DataFrame, scheme: SplitScheme, links: Links
) -> Subject:
    """A split scheme of a converted dataset, with its identities.

    The patients are those of the table; see :func:`with_name_patients`.

    Raises:
        TableError: a damaged file of identities.
    """
    films = name_films(table['image'])
    known = table['patient_id'] != table['image']
    linked = pd.Series([links.patients.get(key, '') for key in films['key']])
    own = (f'{root}/' + table['patient_id']).where(known, '')
    films['patient'] = _first_known(own, linked)
    target = link_targets(films['key'], links)
    films['origin'] = target.map(patient_key)
    films['alias'] = _alias(films['key'], target)
    films['copy'] = ''
    found = read_identity_cells(root, table)
    if 'patient' in found:
        films['origin'] = _first_known(films['origin'], found['patient'])
    if 'film' in found:
        films['copy'] = (f'{root}/' + found['film']).where(found['film'] != '', '')
    labels = label_columns(table)
    cells = table[labels].apply(lambda column: column.map(_CELLS).fillna(''))
    parts = [
        cells.iloc[rows].assign(row=rows, split=split)
        for split, rows in scheme.rows.items()
    ]
    lines = pd.concat(parts, ignore_index=True)
    lines['place'] = 'row ' + (lines['row'] + 1).astype(str)
    return Subject(
        name, films, lines, tuple(labels), (), 'film' in found, scheme.unknown
    )


def with_name_patients(subject: Subject) -> Subject:
    """The same, where the names of films tell patients of known collections too.

    For comparing datasets: the patient ids of one table say nothing of another's.
    """
    films = subject.films
    origin = _first_known(films['origin'], films['named'])
    return replace(subject, films=films.assign(origin=origin))


def with_copies(subject: Subject, groups: Sequence[str]) -> Subject:
    """The same with other groups of copies, (N,), '' for a film without."""
    films = subject.films.assign(copy=np.asarray(groups, object))
    return replace(subject, films=films, searched=True)


def _alias(keys: pd.Series, target: pd.Series) -> pd.Series:
    pairs = zip(keys, target, strict=True)
    return pd.Series([f'{t.source}/{t.film}' if t else key for key, t in pairs])


def _first_known(*columns: pd.Series) -> pd.Series:
    """(N,) the first that is not empty, ''."""
    result = columns[0]
    for column in columns[1:]:
        result = result.where(result != '', column)
    return result
