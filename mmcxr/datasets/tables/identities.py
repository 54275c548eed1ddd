"""Which images show one film, and which one patient, beyond what a table says.

``identities.csv`` beside a table has a column ``image`` and one or both of: ``film``,
the same for images that are copies of each other, and ``patient``, the same for
images of one person in another dataset's numbering, where the table does not say.
Cells may be empty. A column ``film`` says that copies were looked for.
``tools/misc/audit_splits.py`` writes the file.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from .table_file import TableError, read_cells

IDENTITIES_FILE = 'identities.csv'
_LAST = '\U0010ffff'


@dataclass(frozen=True)
class Identities:
    """Films and persons of N images.

    Args:
        film: (N,) number of the film; copies have the same.
        person: (N,) number of the person; images that share the table's patient id, a
            patient of another dataset, or a film have the same.
        name: (N,) of the person: the first of the other dataset's patients, else of
            the table's patient ids.
        searched: copies were looked for.
    """

    film: np.ndarray
    person: np.ndarray
    name: np.ndarray
    searched: bool


def read_identities(root: str | Path, table: pd.DataFrame) -> Identities:
    """What a table and the file of identities beside it, if any, say together.

    Raises:
        TableError: see :func:`read_identity_cells`.
    """
    cells = read_identity_cells(root, table)
    return join_identities(table['patient_id'], cells.get('film'), cells.get('patient'))


def read_identity_cells(root: str | Path, table: pd.DataFrame) -> pd.DataFrame:
    """What the file says of the N images of a table; no columns without a file.

    Raises:
        TableError: a file without its columns, or with an image twice.
    """
    path = Path(root) / IDENTITIES_FILE
    if not path.is_file():
        return pd.DataFrame(index=range(len(table)))
    cells = read_cells(path)
    if 'image' not in cells or not {'film', 'patient'} & set(cells):
        raise TableError(
            f'{path}: has the columns {", ".join(cells)}; expected image, and film or '
            'patient or both'
        )
    if cells['image'].duplicated().any():
        again = cells['image'][cells['image'].duplicated()].iloc[0]
        raise TableError(f'{path}: image {again!r} is there twice; audit again')
    kept = [name for name in ('film', 'patient') if name in cells]
    cells = cells.set_index('image').reindex(table['image']).fillna('')
    return cells[kept].reset_index(drop=True)


def join_identities(
    patient_id: pd.Series,
    film: pd.Series | None = None,
    patient: pd.Series | None = None,
) -> Identities:
    """Number films and persons.

    Args:
        patient_id: (N,) of the table, none empty.
        film: (N,) name of the film; '' is a film of its own. None: no copies were
            looked for.
        patient: (N,) patient by another dataset, or ''; a ``dataset/`` before it is
            no part of the name.
    """
    number = len(patient_id)
    own, films = name_codes(patient_id), np.arange(number)
    names = patient_id.to_numpy(object)
    if film is None and patient is None:
        return Identities(films, own, names, False)
    films = films if film is None else name_codes(film)
    patient = pd.Series([''] * number) if patient is None else patient
    person = joined(own, films, name_codes(patient))
    # The mark comes after every letter: a patient of the other dataset is first.
    other = patient.str.rpartition('/')[2].to_numpy(object)
    names = pd.Series(np.where(patient == '', _LAST + names, other))
    first = names.groupby(person).transform('min').str.removeprefix(_LAST)
    return Identities(films, person, first.to_numpy(object), film is not None)


def name_codes(names: pd.Series) -> np.ndarray:
    """(N,) numbers; equal for equal names, of their own for empty ones."""
    names = names.to_numpy(object)
    codes = pd.factorize(names)[0]
    empty = names == ''
    codes[empty] = len(names) + np.flatnonzero(empty)
    return codes


def joined(*labels: np.ndarray) -> np.ndarray:
    """(N,) number of the set of each item; a shared label joins, whichever it is.

    Args:
        labels: (N,) numbers each.
    """
    number = len(labels[0])
    nodes = [pd.factorize(part)[0] for part in labels]
    starts = number + np.cumsum([0, *(part.max(initial=-1) + 1 for part in nodes)])
    ends = np.concatenate([p + s for p, s in zip(nodes, starts, strict=False)])
    items = np.tile(np.arange(number), len(labels))
    links = coo_matrix((np.ones(len(items)), (items, ends)), (starts[-1],) * 2)
    return pd.factorize(connected_components(links, directed=False)[1][:number])[0]
