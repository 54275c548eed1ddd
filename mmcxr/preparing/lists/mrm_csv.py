"""The ``training.csv`` that MRM pre-trains on, to our table and back.

https://github.com/RL4M/MRM-pytorch. Columns ``image_path,report_content``, one row
per image, with the whole report of its study in each. There is no split.
"""

import os
import re
from pathlib import Path

import pandas as pd

from mmcxr.datasets.tables.samples import share_texts, whole_reports
from mmcxr.datasets.tables.splits import read_split
from mmcxr.datasets.tables.table import SECTIONS, nearest, read_table
from mmcxr.datasets.tables.table_file import TableError, read_cells
from mmcxr.datasets.texts.reports import parse_sections
from mmcxr.preparing.writing import (
    Tally,
    locate_films,
    place_file,
    with_progress,
    write_csv,
    write_dataset,
)

COLUMNS = ('image_path', 'report_content')
SCHEME = 'mrm'
_IDS = re.compile(r'(?P<patient>p\d{8})/(?P<study>s\d+)/')
_DICOM_ID = re.compile(r'[0-9a-f]{8}(?:-[0-9a-f]{8}){4}')


def convert_mrm_csv(csv: str | Path, images: str | Path, out: str | Path) -> Tally:
    """Write table, split list and a link ``images`` to the folder of the films.

    Patient and study are read from paths of MIMIC-CXR; the table also gets the DICOM
    id (``extra_dicom_id``) and the sections found in each report. Leading folders of
    the paths that the folder of films lacks are dropped. All images are in ``train``
    of the scheme ``mrm``.

    Args:
        csv: the file; blanks after its commas are no part of the cells.
        images: folder of the films.
        out: folder to write to.

    Returns:
        Counts of what was written, left out and not understood.

    Raises:
        TableError: a file of another form, or an image or a study with two reports.
    """
    csv, images, out = Path(csv), Path(images), Path(out)
    tally = Tally()
    reports = _read_reports(csv, tally)
    kept = locate_films(reports, images, tally)
    parsed: dict[str, dict] = {}
    cells = []
    for path, image in with_progress(list(kept.items()), 'reading reports'):
        report = reports[path]
        if report not in parsed:
            parsed[report] = parse_sections(report)
            if report and not set(SECTIONS) & set(parsed[report]):
                tally.note('reports without findings and impression', path)
        sections = {name: parsed[report].get(name, '') for name in SECTIONS}
        cells.append(dict(image=image, **_ids(path), **sections, report=report))
    listed = pd.DataFrame(dict(image=list(kept.values()), split='train'))
    if images.resolve() != (out / 'images').resolve():
        place_file(images, out / 'images', link=True)
    table = pd.DataFrame(cells).fillna('')
    write_dataset(out, table, {SCHEME: listed})
    return tally


def write_mrm_csv(
    root: str | Path,
    csv: str | Path,
    scheme: str | None = None,
    split: str | None = None,
) -> Tally:
    """Write a ``training.csv`` of a dataset.

    Paths are relative to the folder of the CSV file, where MRM's code looks for them.
    The report is that of the study; without one, its findings and impression.

    Args:
        root: folder of the dataset.
        csv: file to write.
        scheme: split scheme, with ``split``; None writes all images.
        split: the split to write; what MRM reads is all trained on.

    Returns:
        Counts of what was written and left out.

    Raises:
        FileExistsError: there is such a file.
        TableError: no image has a text.
    """
    root, csv, tally = Path(root), Path(csv), Tally()
    if csv.exists():
        raise FileExistsError(f'{csv}: is there; remove it or write elsewhere')
    table = read_table(root)
    if scheme is not None:
        rows = read_split(root, scheme, table).of(split)
        table = table.iloc[rows].reset_index(drop=True)
    reports = whole_reports(share_texts(table, root))
    folder = os.path.relpath(root / 'images', csv.parent).replace(os.sep, '/')
    written = []
    for image, report in zip(table['image'], reports, strict=True):
        if report:
            written.append((f'{folder}/{image}', ' '.join(report.split())))
        tally.note('images written' if report else 'left out, no report', image)
    if not written:
        raise TableError(f'{root}: none of {len(table)} images has a report')
    write_csv(csv, pd.DataFrame(written, columns=list(COLUMNS)))
    return tally


def _read_reports(csv: Path, tally: Tally) -> dict[str, str]:
    """{path: report of its study} of the file, repeated rows once."""
    cells = read_cells(csv, skip_blanks=True)
    for name in COLUMNS:
        if name not in cells:
            raise TableError(
                f'{csv}: no column {name!r}{nearest(name, cells.columns)}; the header '
                f'is {",".join(COLUMNS)}'
            )
    if len(cells) == 0:
        raise TableError(f'{csv}: has no rows')
    study_of: dict[str, str] = {}
    found: dict[str, tuple[str, int]] = {}  # study -> report and the row it is from
    pairs = zip(*(cells[name] for name in COLUMNS), strict=True)
    for number, (path, report) in enumerate(pairs, start=1):
        path, report = path.strip(), ' '.join(report.split())
        if not path:
            raise TableError(f'{csv}: row {number}: the image_path is empty')
        if path in study_of:
            tally.note('rows of an image listed before', path)
        ids = _ids(path)
        study = study_of[path] = (
            f'{ids["patient_id"]} {ids["study_id"]}'.strip() or path
        )
        if not report:
            tally.note('rows without a report', path)
            continue
        known, row = found.setdefault(study, (report, number))
        if known != report:
            raise TableError(
                f'{csv}: rows {row} and {number} have different reports for {study!r}; '
                'keep one of them'
            )
    for path, study in study_of.items():
        if study == path:
            tally.note('images whose path names no patient and study', path)
    return {path: found.get(study, ('', 0))[0] for path, study in study_of.items()}


def _ids(path: str) -> dict[str, str]:
    """Patient, study and DICOM id in a path of MIMIC-CXR, '' for what is not there."""
    match, dicom = _IDS.search(path), _DICOM_ID.search(path)
    return dict(
        patient_id=match['patient'] if match else '',
        study_id=match['study'] if match else '',
        extra_dicom_id=dicom.group() if dicom else '',
    )
