"""The CSV files that cxrlearn fine-tunes on, to our table and back.

A file per split, with a header: one column of image paths, which are opened as they
stand, and label columns whose names the command line gives (``--path_column``,
``--class_columns``). Either every label column is of 0 and 1, or there is one of
several classes. cxrlearn knows neither uncertain nor unknown labels.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from ..splits import read_split
from ..table import label_columns, nearest, read_table
from ..table_file import TableError, read_cells
from .labeller import read_labels
from .source import need_columns
from .writing import Tally, locate_films, place_file, write_csv, write_dataset

SCHEME = 'cxrlearn'
_LABELS = ('0', '1', '-1', '0.0', '1.0', '-1.0', '')


def convert_cxrlearn_csv(
    files: Mapping[str, str | Path],
    path_column: str,
    class_columns: Sequence[str],
    images: str | Path,
    out: str | Path,
    patient_column: str | None = None,
) -> Tally:
    """Write table, split lists and a link ``images`` to the folder of the films.

    A single label column of other values than 1, 0, -1 and empty is one of several
    classes: each value becomes a label column, called "<column> <value>".

    Args:
        files: CSV files by split.
        path_column: of the image paths; leading folders that ``images`` lacks are
            dropped.
        class_columns: of the labels.
        images: folder of the films.
        out: folder to write to.
        patient_column: of patient ids, if the files have one; cxrlearn needs none.

    Returns:
        Counts of what was written and left out.

    Raises:
        TableError: no such column, labels of no form, or an image of two labels.
    """
    images, out, tally = Path(images), Path(out), Tally()
    tables = {
        split: (Path(path), read_cells(Path(path))) for split, path in files.items()
    }
    rows: dict[str, dict] = {}
    listed = []
    for path, table in tables.values():
        need_columns(table, (path_column, *class_columns), path)
        need_columns(table, [patient_column] if patient_column else (), path)
    values = _class_values(tables.values(), class_columns)
    for split, (path, table) in tables.items():
        labels = _labels(table, class_columns, values, path)
        patients = table[patient_column] if patient_column else [''] * len(table)
        columns = zip(table[path_column].str.strip(), patients, labels, strict=True)
        for number, (image, patient, marks) in enumerate(columns, start=1):
            if not image:
                raise TableError(f'{path}: row {number}: the {path_column} is empty')
            row = dict(patient_id=patient, study_id='', **marks)
            if rows.setdefault(image, row) != row:
                raise TableError(
                    f'{path}: row {number}: {image!r} was listed before with other '
                    'labels or for another patient'
                )
            listed.append((image, split))
    kept = locate_films(rows, images, tally)
    lists = pd.DataFrame(listed, columns=['image', 'split'])
    again = lists.duplicated()
    for image in lists['image'][again]:
        tally.note('rows of an image listed before in the same split', image)
    lists = lists[~again].assign(image=lists['image'].map(kept)).dropna()
    if images.resolve() != (out / 'images').resolve():
        place_file(images, out / 'images', link=True)
    cells = [{'image': image, **rows[path]} for path, image in kept.items()]
    table = pd.DataFrame(cells).fillna('')
    write_dataset(out, table, {SCHEME: lists})
    return tally


def write_cxrlearn_csv(
    root: str | Path,
    csv: str | Path,
    scheme: str | None = None,
    split: str | None = None,
    classes: Sequence[str] = (),
    one_column: str | None = None,
    path_column: str = 'Path',
) -> Tally:
    """Write a CSV file of a dataset, with full paths.

    Images with an uncertain or unknown label of the classes are left out and counted.

    Args:
        root: folder of the dataset.
        csv: file to write.
        scheme: split scheme, with ``split``; None writes all images.
        split: the split to write.
        classes: label columns; empty: all.
        one_column: name of a single column with the number of the one class that is
            present, for cxrlearn's "multi"; None writes a column per class.
        path_column: name of the column of paths.

    Returns:
        Counts of what was written and left out.

    Raises:
        FileExistsError: there is such a file.
        TableError: no such class, no image with known labels, or one of several
            classes where one is wanted.
    """
    root, csv, tally = Path(root), Path(csv), Tally()
    if csv.exists():
        raise FileExistsError(f'{csv}: is there; remove it or write elsewhere')
    table = read_table(root)
    if scheme is not None:
        table = table.iloc[read_split(root, scheme, table).of(split)]
    columns = list(classes) or label_columns(table)
    for name in columns:
        if name not in label_columns(table):
            hint = nearest(name, label_columns(table))
            raise TableError(f'{root}: no label column {name!r}{hint}')
    known = table[columns].isin((0, 1)).all(axis=1)
    for image in table['image'][~known]:
        tally.note('left out, labels uncertain or unknown', image)
    table = table[known]
    if table.empty or not columns:
        raise TableError(f'{root}: no image has known labels of {", ".join(columns)}')
    labels = table[columns].astype(int)
    if one_column is not None:
        several = labels.sum(axis=1) != 1
        if several.any():
            image = table['image'][several].iloc[0]
            raise TableError(
                f'{root}: {image!r} is not of exactly one of {", ".join(columns)}'
            )
        labels = pd.DataFrame({one_column: labels.to_numpy().argmax(axis=1)})
    folder = (root / 'images').resolve().as_posix()
    paths = [f'{folder}/{image}' for image in table['image']]
    labels = labels.reset_index(drop=True)
    write_csv(csv, pd.concat([pd.Series(paths, name=path_column), labels], axis=1))
    for image in table['image']:
        tally.note('images written', image)
    return tally


def _class_values(tables, class_columns: Sequence[str]) -> list[str]:
    """Values of the only label column if it is one of several classes, else none."""
    if len(class_columns) != 1:
        return []
    cells = pd.concat([table[class_columns[0]] for _, table in tables])
    values = sorted(set(cells) - {''}, key=lambda v: (len(v), v))
    return [] if set(values) <= set(_LABELS) else values


def _labels(
    table: pd.DataFrame, names: Sequence[str], values: list[str], path: Path
) -> list[dict]:
    if not values:
        return read_labels(table, names, path)
    return [
        {f'{names[0]} {value}': int(cell == value) if cell else '' for value in values}
        for cell in table[names[0]]
    ]
