"""Tables that say whose films are, or which films of another dataset they are.

Crosswalks: RSNA's ``pneumonia-challenge-dataset-mappings_2018.json`` (published with
the challenge; RSNA -> ChestX-ray14), or any table with a column of ids and one of
names of another collection. Tables of patients: ``Data_Entry_2017.csv``, PadChest's
and COVID-19's metadata, or any with a column of images and one of patients.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from mmcxr.datasets.tables.film_names import FilmName, parse_film_name, without_suffix
from mmcxr.datasets.tables.table_file import TableError
from mmcxr.preparing.lists.list_columns import find_columns
from mmcxr.preparing.lists.split_lists import read_list_cells

_SHARE = 0.9  # of the cells of a column that make it one of ids


@dataclass(frozen=True)
class Links:
    """What tables beside the lists say of films.

    Args:
        films: {key of a film: its name in another collection}.
        patients: {key of a film: patient}.
    """

    films: dict[str, FilmName] = field(default_factory=dict)
    patients: dict[str, str] = field(default_factory=dict)


def film_key(name: str, film: FilmName | None) -> str:
    """What is the same in all lists that mean a film: its id, else its path.

    Args:
        name: of the film.
        film: what it tells.
    """
    return f'{film.source}/{film.film}' if film else without_suffix(name)


def patient_key(film: FilmName | None) -> str:
    """The patient that a name tells, with the collection's name, or ''."""
    return f'{film.source}/{film.patient}' if film and film.patient else ''


def read_links(paths: Sequence[str | Path]) -> Links:
    """Read crosswalks and tables of patients, told apart by their columns.

    Raises:
        TableError: a file that is neither, or that gives a film two patients.
    """
    links = Links()
    for path in map(Path, paths):
        cells = read_list_cells(path)
        target = next((c for c in cells if _names_patients(cells[c])), None)
        sources = [c for c in cells if c != target and _is_unique(cells[c])]
        columns = find_columns(cells)
        if target is not None and sources:
            films = [parse_film_name(name) for name in cells[target]]
            for column in sources:
                _add(links.films, cells[column], films, path)
        elif columns is not None and columns.patient:
            _add(links.patients, cells[columns.image], cells[columns.patient], path)
        else:
            raise TableError(
                f'{path}: neither a crosswalk (a column of ids and one of names like '
                '00000001_000.png) nor a table of images and patients; it has '
                f'{", ".join(map(str, cells))}'
            )
    return links


def _add(known: dict, names: Sequence[str], values: Sequence, path: Path) -> None:
    for name, value in zip(names, values, strict=True):
        if not value or not name:
            continue
        key = film_key(name, parse_film_name(name))
        before = known.setdefault(key, value)
        if before != value:
            raise TableError(
                f'{path}: {name!r} is linked to {value!r}, and before to {before!r}'
            )


def _names_patients(cells: pd.Series) -> bool:
    found = sum(bool(patient_key(parse_film_name(name))) for name in cells)
    return found >= _SHARE * len(cells)


def _is_unique(cells: pd.Series) -> bool:
    return cells.nunique() >= _SHARE * len(cells)
