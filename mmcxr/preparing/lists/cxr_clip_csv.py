"""The CSV files that CXR-CLIP trains on -> our table.

https://github.com/Soombit-ai/cxr-clip, folder ``datasets``. Most of its cells are
lists written as Python literals; a row is a study of one or more images.
"""

import re
from pathlib import Path

import pandas as pd

from mmcxr.datasets.tables.table import SECTIONS
from mmcxr.datasets.tables.table_file import TableError, read_cells
from mmcxr.preparing.writing import (
    Tally,
    locate_films,
    place_file,
    with_progress,
    write_dataset,
)

from .cxr_clip_forms import FORMS, Form, cell_of, parse_strings

_VIEWS = {'AP': 'AP', 'PA': 'PA', 'LATERAL': 'LATERAL', 'LL': 'LATERAL'}


def convert_cxr_clip_csv(
    dataset: str, csv_folder: str | Path, images: str | Path, out: str | Path
) -> Tally:
    """Write table, split list and a link ``images`` to the folder of the films.

    Leading folders of the paths in the files that the folder of films lacks are
    dropped. Images that are not there are left out; an image in several rows of
    equal labels (SIIM) is written once and kept in all its splits.

    Args:
        dataset: a key of :data:`FORMS`.
        csv_folder: holds the CSV files; those of some splits may be absent.
        images: folder of the films.
        out: folder to write to.

    Returns:
        Counts of what was written, left out and not understood.

    Raises:
        TableError: no file, a cell of another form, rows that contradict each other.
    """
    form, tally = FORMS[dataset], Tally()
    csv_folder, images, out = Path(csv_folder), Path(images), Path(out)
    rows: dict[str, dict] = {}
    listed = []
    for split, name in form.files.items():
        path = csv_folder / name
        if not path.is_file():
            tally.note('files not there', name)
            continue
        records = read_cells(path).to_dict('records')
        for number, record in enumerate(with_progress(records, name), start=1):
            place = f'{path}: row {number}'
            for row in _study_rows(form, record, place, f'{split}{number}', tally):
                known = rows.setdefault(row['image'], row)
                if known is not row:
                    _refuse_contradiction(known, row, form, place)
                listed.append((row['image'], split))
    if not rows:
        raise TableError(
            f'{csv_folder}: holds none of {", ".join(form.files.values())}'
        )
    kept = locate_films(rows, images, tally)
    listed = pd.DataFrame(listed, columns=['image', 'split']).drop_duplicates()
    listed['image'] = listed['image'].map(kept)
    cells = [{**rows[image], 'image': new} for image, new in kept.items()]
    if images.resolve() != (out / 'images').resolve():
        place_file(images, out / 'images', link=True)
    table = pd.DataFrame(cells).fillna('')
    write_dataset(out, table, {form.scheme: listed.dropna()})
    return tally


def _study_rows(
    form: Form, record: dict, place: str, name: str, tally: Tally
) -> list[dict]:
    """Rows of our table for one row of theirs; ``name`` is a name for its study."""
    films = _films(form, record, place, tally)
    labels = form.labels(record, place) if form.labels else {}
    texts = _texts(form, record, place)
    match = re.search(form.ids, films[0][0])
    found = match.groupdict() if match else {}
    study = found.get('study') or (name if len(films) > 1 else '')
    patient = found.get('patient') or study
    return [
        dict(
            image=film, patient_id=patient, study_id=study, view=view, **texts, **labels
        )
        for film, view in films
    ]


def _films(form: Form, record: dict, place: str, tally: Tally) -> list[tuple[str, str]]:
    """(path, view) of the images of a study."""
    films = []
    if 'view' not in record:
        cell = cell_of(record, form.image, place)
        listed = cell.startswith('[')
        paths = parse_strings(record, form.image, place) if listed else [cell]
        films = [(path, '') for path in paths if path]
    else:
        for name in parse_strings(record, 'view', place):
            view = _VIEWS.get(name.upper(), '')
            if not view:
                tally.note('views not understood', name)
            films += [(path, view) for path in parse_strings(record, name, place)]
        of_a_view = dict(films)
        paths = parse_strings(record, form.image, place)
        films += [(path, '') for path in paths if path not in of_a_view]
    if not films:
        raise TableError(f'{place}: the study has no image')
    return films


def _texts(form: Form, record: dict, place: str) -> dict[str, str]:
    """Sections. Of a single one nothing tells which it is: it becomes findings."""
    texts = dict.fromkeys(SECTIONS, '')
    if not form.text:
        return texts
    text = cell_of(record, form.text, place)
    if 'view' not in record:
        texts['findings' if form.text == 'text' else 'impression'] = text
        return texts
    for column, suffix in ((form.text, ''), ('text_augment', '_augmented')):
        if column in record:
            parts = parse_strings(record, column, place)
            if len(parts) > len(SECTIONS):
                raise TableError(
                    f'{place}, column {column!r}: {len(parts)} texts; a report has '
                    'findings and impression'
                )
            sections = zip(SECTIONS, [*parts, ''], strict=False)
            texts |= {f'{section}{suffix}': part for section, part in sections}
    return texts


def _refuse_contradiction(known: dict, row: dict, form: Form, place: str) -> None:
    """An image may come again, with the same labels."""
    for name, cell in row.items():
        if name not in ('patient_id', 'study_id') and known[name] != cell:
            raise TableError(
                f'{place}: image {row["image"]!r} was listed before with another '
                f'{name!r}: {known[name]!r}, now {cell!r}'
            )
