"""Write a dataset of synthetic chest films: images, masks, table and splits."""

import csv
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from mmcxr.processes import in_order

from .formats import WRITERS, write_mask
from .frontal import frontal_film
from .lateral import lateral_film
from .plan import CLASSES, Patient, Study, plan_patient, stream
from .report import write_report

COLUMNS = ('image', 'patient_id', 'study_id', 'view', 'sex', 'age', 'findings')
COLUMNS += ('impression', 'mask', 'mask_lungs', 'mask_heart', *CLASSES, 'boxes')
#: Masks by column; 'mask' is the target of segmentation.
MASKS = {'mask': 'pneumothorax', 'mask_lungs': 'lungs', 'mask_heart': 'heart'}
#: Every ten patients are split so, in an order drawn for each ten.
SPLITS = ('train',) * 7 + ('val',) + ('test',) * 2


def write_synthetic_dataset(
    out: str | Path,
    num_patients: int | None = None,
    num_films: int | None = None,
    size: int = 256,
    image_format: str = 'jpg',
    seed: int = 0,
    workers: int = 0,
    progress: Callable[[int], None] | None = None,
) -> Path:
    """Draw patients and write them in the table format of :mod:`table`.

    The same seed, size and format give the same files, whatever the number of
    workers; asking for more patients adds to them and changes none. Labels are what
    the report says (1 stated, 0 denied, -1 hedged, empty not spoken of); masks and
    boxes are what the film shows. Split scheme ``official``: 70 % of the patients
    train, 10 % val, 20 % test; any three patients or more cover all three.

    Args:
        out: folder to write to; made if missing.
        num_patients: how many patients, about 2.9 films each.
        num_films: instead of ``num_patients``: whole patients until there are at
            least so many films.
        size: shorter side of the films in pixels; half of them are square, the
            others 6:5 upright or lying.
        image_format: 'jpg' (8 bit), 'png' (16 bit) or 'dicom' (12 bit).
        seed: of the whole world of patients.
        workers: processes that draw; 0 draws in the caller's.
        progress: called with the number of films after each patient.

    Returns:
        The folder.

    Raises:
        ValueError: an unknown format, a size below 32, or not exactly one of
            ``num_patients`` and ``num_films``, or it is not positive.
        FileExistsError: the folder holds a table already.
    """
    out = Path(out)
    if image_format not in WRITERS:
        raise ValueError(f'image_format {image_format!r}: not in {sorted(WRITERS)}')
    if size < 32:
        raise ValueError(f'size {size}: a film has at least 32 pixels a side')
    if (num_patients is None) == (num_films is None):
        raise ValueError('give either num_patients or num_films')
    if (num_patients or num_films or 0) < 1:
        raise ValueError('num_patients and num_films count from 1')
    if (out / 'table.csv').exists():
        raise FileExistsError(f'{out}: holds a table.csv; remove it or write elsewhere')

    draw = partial(write_patient, out, size=size, image_format=image_format, seed=seed)
    rows = []
    patients = ((index,) for index in _patients(seed, num_patients, num_films))
    for patient_rows in in_order(draw, patients, workers):
        rows += patient_rows
        if progress:
            progress(len(patient_rows))
    splits = [
        {'image': row['image'], 'split': split_of(seed, int(row['patient_id'][1:]))}
        for row in rows
    ]
    (out / 'splits').mkdir(exist_ok=True)
    _write_csv(out / 'splits' / 'official.csv', ('image', 'split'), splits)
    _write_csv(out / 'table.csv', COLUMNS, rows)  # last: a table means all is there
    return out


def write_patient(
    out: Path, index: int, size: int, image_format: str, seed: int
) -> list[dict]:
    """Draw and write all films of one patient; returns their rows of the table."""
    patient, studies = plan_patient(seed, index)
    rows = []
    for study in studies:
        report = write_report(study, stream(seed, index, study.number, 1))
        said = {name: report.labels.get(name, '') for name in CLASSES}
        for number, view in enumerate(study.views):
            name = f'p{index:05d}/s{10 * index + study.number:06d}_{number}'
            rng = stream(seed, index, study.number, 2 + number)
            drawn = _write_film(
                out, name, size, image_format, patient, study, view, rng
            )
            rows.append(
                dict(
                    patient_id=f'p{index:05d}',
                    study_id=f's{10 * index + study.number:06d}',
                    view=view,
                    sex=patient.sex,
                    age=study.age,
                    findings=report.findings,
                    impression=report.impression,
                    **said,
                    **drawn,
                )
            )
    return rows


def split_of(seed: int, patient: int) -> str:
    """Split of a patient in the scheme ``official``.

    The first three of every ten patients cover train, val and test.
    """
    block, place = divmod(patient, len(SPLITS))
    rng = np.random.default_rng([seed, block, 0, 0, 1])
    first = rng.permutation(['train', 'val', 'test'])
    rest = rng.permutation(['train'] * 6 + ['test'])
    return str(np.concatenate([first, rest])[place])


def _write_film(
    out: Path, name: str, size: int, image_format: str, patient, study, view, rng
) -> dict:
    """Draw and write one film and its masks; returns its cells."""
    film = draw_film(patient, study, view, size, rng)
    suffix, write = WRITERS[image_format]
    write(out / 'images' / (name + suffix), film, patient, study, view, rng)
    cells = {'image': name + suffix, 'boxes': json.dumps(film.boxes)}
    for column, mask in MASKS.items():
        cells[column] = ''
        if mask in film.masks:
            cells[column] = f'{mask}/{name}.png'
            write_mask(out / 'masks' / cells[column], film.masks[mask])
    return cells


def draw_film(patient: Patient, study: Study, view: str, size: int, rng):
    """Draw one view of a study; see :func:`~.frontal.frontal_film`."""
    if view == 'LATERAL':
        return lateral_film(patient, study.drawn, size, rng)
    return frontal_film(patient, view, study.drawn, size, rng)


def _patients(seed: int, num_patients: int | None, num_films: int | None):
    """Numbers of the patients to draw."""
    if num_patients is not None:
        yield from range(num_patients)
        return
    films, index = 0, 0
    while films < num_films:
        yield index
        films += sum(len(study.views) for study in plan_patient(seed, index)[1])
        index += 1


def _write_csv(path: Path, columns, rows: list[dict]) -> None:
    with path.open('w', newline='', encoding='utf-8') as file:
        writer = csv.DictWriter(file, columns, lineterminator='\n')
        writer.writeheader()
        writer.writerows(rows)
