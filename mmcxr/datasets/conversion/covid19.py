"""COVID-19 Image Data Collection (https://arxiv.org/abs/2006.11988).

Takes the authors' repository (``metadata.csv``, ``images/``,
``annotations/lungVAE-masks/``) or a copy of it with ``lung_masks/`` and the columns
image, patient_id, offset_days, lung_mask. The notes become ``findings``: partly what
a radiologist saw, partly history.
"""

import re
from pathlib import Path

import pandas as pd
from PIL import Image

from ..covid19 import COVID19_CLASSES
from ..splits import draw_clean
from ..table import VIEWS
from ..table_checks import check_paths, nearest
from ..table_file import TableError, read_cells
from .writing import Tally, place_file, with_progress, write_dataset

_COLUMNS = dict(
    filename='image',
    patientid='patient_id',
    offset='offset_days',
    notes='clinical_notes',
)
_NEEDED = ('image', 'patient_id', 'finding', 'view')
_VIEWS = {'L': 'LATERAL', 'LATERAL': 'LATERAL', 'PA': 'PA', 'AP': 'AP', 'APS': 'AP'}
_SLICES = ('AXIAL', 'CORONAL', 'CT')
_FAMILIES = {
    'Viral Pneumonia': 'Viral|COVID-19|SARS|MERS-CoV|Influenza|H1N1|Varicella|Herpes',
    'Bacterial Pneumonia': 'Bacterial|Streptococcus|Klebsiella|E.Coli|Legionella|'
    'Mycoplasma|Chlamydophila|Nocardia|Staphylococcus|MRSA',
    'Fungal Pneumonia': 'Fungal|Pneumocystis|Aspergillosis',
    'Pneumonia': 'Pneumonia|Aspiration|Lipoid',
    'COVID-19': 'COVID-19',
    'ARDS': 'ARDS',
    'Tuberculosis': 'Tuberculosis',
    'No Finding': 'No Finding',
}
_FAMILY_OF = {
    name.lower(): [
        family for family, all_ in _FAMILIES.items() if name in all_.split('|')
    ]
    for names in _FAMILIES.values()
    for name in names.split('|')
}
_KNOWN = re.compile(
    '|'.join(map(re.escape, sorted(_FAMILY_OF, key=len, reverse=True))), re.IGNORECASE
)
_EXTRA = ('finding', 'offset_days', 'survival', 'license', 'url', 'doi')


def convert_covid19(source: str | Path, out: str | Path, link: bool = False) -> Tally:
    """Write table, images, lung masks and the scheme ``clean``.

    A study is a patient, day and note; images without a day are studies of their
    own. An image listed for two patients is written once, and the two are one
    patient. Slices of CT are left out; so is what is missing or no image.

    Args:
        source: folder of the collection.
        out: folder to write to.
        link: point symbolic links at images and masks instead of copying.

    Returns:
        Counts of what was written, left out and not understood.

    Raises:
        TableError: no metadata, or without its columns, or an image that is not a
            path under ``images/``.
        ValueError: no image can be used.
    """
    source, out, tally = Path(source), Path(out), Tally()
    rows = []
    days: dict[tuple, list[str]] = {}
    for record in with_progress(_records(source, tally), 'covid19'):
        image = record['image']
        film = source / (record.get('folder') or 'images') / image
        size = _usable(record, film, tally)
        if size is None:
            continue
        mask = _lung_mask(source, record, size, tally)
        if mask:
            place_file(mask, out / 'masks' / mask.name, link)
        place_file(film, out / 'images' / image, link)
        notes = days.setdefault((record['patient_id'], record['offset_days']), [])
        note = record['clinical_notes'].strip()
        if note not in notes:
            notes.append(note)
        rows.append(
            dict(
                image=image,
                patient_id=record['patient_id'],
                study_id=_study(record, notes.index(note)),
                view=_view(record, tally),
                sex=record['sex'] if record['sex'] in ('M', 'F') else '',
                age=re.sub(r'\.0$', '', record['age'].strip()),
                findings=note,
                mask_lungs=mask.name if mask else '',
                **_labels(record, tally),
                **{f'extra_{name}': record[name] for name in _EXTRA},
            )
        )
        tally.note('images written', image)
    split = draw_clean(pd.DataFrame(rows)).rows if rows else {}
    listed = [(rows[i]['image'], name) for name in split for i in split[name]]
    listed = pd.DataFrame(listed, columns=['image', 'split'])
    write_dataset(out, rows, dict(clean=listed.sort_values('image')))
    return tally


def finding_labels(finding: str) -> dict[str, int] | None:
    """Labels of a cell of ``finding``; None where it does not tell.

    'Pneumonia/Viral/COVID-19' and 'COVID-19' are the same: all COVID-19 films of the
    collection are filed under viral pneumonia. What is not named is absent.
    """
    names = {name.lower() for name in _KNOWN.findall(finding)}
    rest = re.sub(r'[\s/,;]', '', _KNOWN.sub('', finding))
    if rest or not names:
        return None
    positive = {family for name in names for family in _FAMILY_OF[name]}
    if any(family.endswith(' Pneumonia') for family in positive):
        positive.add('Pneumonia')
    return {name: int(name in positive) for name in COVID19_CLASSES}


def _records(source: Path, tally: Tally) -> list[dict[str, str]]:
    """Rows of the metadata under one set of names."""
    path = source / 'metadata.csv'
    if not path.is_file():
        raise TableError(
            f'{path}: no such file; name the folder of covid-chestxray-dataset'
        )
    table = read_cells(path)
    names = [re.sub(r'\W+', '_', name.strip().lower()) for name in table]
    table.columns = [_COLUMNS.get(name, name) for name in names]
    for name in _NEEDED:
        if name not in table:
            raise TableError(f'{path}: no column {name!r}{nearest(name, table)}')
    check_paths(table, 'image', 'images', path)  # before anything is copied there
    optional = ('sex', 'age', 'offset_days', 'clinical_notes', *_EXTRA)
    table = table.assign(**{name: '' for name in optional if name not in table})
    table['offset_days'] = table['offset_days'].str.strip()
    first = table.groupby('image')['patient_id'].transform('first')
    pairs = zip(table['patient_id'], first, strict=True)
    same = {patient: other for patient, other in pairs if patient != other}
    table['patient_id'] = [same.get(name, name) for name in table['patient_id']]
    again = table['image'].duplicated()
    for image in table['image'][again]:
        tally.note('rows left out, image listed before', image)
    return table[~again].to_dict('records')


def _usable(record: dict, film: Path, tally: Tally) -> tuple[int, int] | None:
    """(width, height) of a film; None, noted, if the row is none."""
    image = record['image']
    slices = record['view'].upper().startswith(_SLICES)
    if slices or record.get('modality', 'X-ray') not in ('X-ray', ''):
        tally.note('left out, not radiographs', image)
        return None
    try:
        with Image.open(film) as opened:
            return opened.size
    except FileNotFoundError:
        tally.note('left out, file missing', image)
    except OSError:
        tally.note('left out, not an image', image)
    return None


def _lung_mask(source: Path, record: dict, size: tuple, tally: Tally) -> Path | None:
    stem = Path(record['image']).stem
    mask = source / 'annotations/lungVAE-masks' / f'{stem}_mask.png'
    if record.get('lung_mask'):
        mask = source / 'lung_masks' / record['lung_mask']
    elif not mask.is_file():
        return None
    try:
        with Image.open(mask) as opened:
            if opened.size == size:
                return mask
        tally.note('masks of another size than the film', mask.name)
    except OSError:
        tally.note('masks missing or unreadable', mask.name)
    return None


def _study(record: dict, number: int) -> str:
    if not record['offset_days']:
        return record['image']
    suffix = f'_{number + 1}' if number else ''
    return f'{record["patient_id"]}_{record["offset_days"]}{suffix}'


def _view(record: dict, tally: Tally) -> str:
    word = (record['view'].upper().split() or [''])[0]
    view = _VIEWS.get(word, '')
    if word and view not in VIEWS[:-1]:
        tally.note('views not understood', f'{record["image"]} ({record["view"]})')
    return view


def _labels(record: dict, tally: Tally) -> dict[str, int | str]:
    labels = finding_labels(record['finding'])
    if labels is None:
        name = f'{record["image"]} ({record["finding"] or "empty"})'
        tally.note('findings that give no label', name)
        return dict.fromkeys(COVID19_CLASSES, '')
    return labels
