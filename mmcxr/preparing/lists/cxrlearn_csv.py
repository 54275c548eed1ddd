"""The CSV files that cxrlearn fine-tunes on, to our table and back.

For their form see :mod:`.csv_form`; :func:`mmcxr.studies.csv_data.prepare_csv` reads it
where films stay as they are.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from mmcxr.datasets.tables.splits import read_split
from mmcxr.datasets.tables.table import label_columns, nearest, read_table
from mmcxr.datasets.tables.table_file import TableError
from mmcxr.preparing.writing import (
    Tally,
    locate_films,
    place_file,
    write_csv,
    write_dataset,
)

from .csv_form import CSVColumns, merge_rows, read_listing

SCHEME = 'cxrlearn'


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
    classes: each value but -1 becomes a label column, called "<column> <value>".

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
    columns = CSVColumns(path_column, class_columns, patient_column)
    listed, classes, _ = read_listing(files, columns)
    films = merge_rows(listed, classes)
    kept = locate_films(films['path'], images, tally)
    again = listed.duplicated(['path', 'split'])
    for path in listed['path'][again]:
        tally.note('rows of an image listed before in the same split', path)
    lists = listed[~again].assign(image=listed['path'].map(kept)).dropna(subset='image')
    films = films.assign(image=films['path'].map(kept), study_id='')
    if images.resolve() != (out / 'images').resolve():
        place_file(images, out / 'images', link=True)
    cells = films.dropna(subset='image')
    cells = cells[['image', 'patient_id', 'study_id', *classes]]
    write_dataset(out, cells, {SCHEME: lists})
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
