"""COVID-19 Image Data Collection (https://arxiv.org/abs/2006.11988).

Takes the authors' repository (``metadata.csv``, ``images/``,
``annotations/lungVAE-masks/``) or a copy of it with ``lung_masks/`` and the columns
image, patient_id, offset_days, lung_mask. The notes become ``findings``: partly what
a radiologist saw, partly history. A study is a patient, day and note; images without
a day are studies of their own. An image listed for two patients is written once, and
the two are one patient. Slices of CT are left out.
"""

import re
from pathlib import PurePosixPath

from mmcxr.datasets.public.covid19 import COVID19, COVID19_CLASSES
from mmcxr.datasets.tables.table import VIEWS
from mmcxr.preparing.films import Converter, Film, Listing, MaskFile
from mmcxr.preparing.source import Source, need_columns
from mmcxr.preparing.writing import Tally

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


def read_covid19(source: Source, tally: Tally) -> Listing:
    """List the radiographs of the collection."""
    films = []
    days: dict[tuple, list[str]] = {}
    for record in _records(source, tally):
        image = record['image']
        slices = record['view'].upper().startswith(_SLICES)
        if slices or record.get('modality', 'X-ray') not in ('X-ray', ''):
            tally.note('left out, not radiographs', image)
            continue
        notes = days.setdefault((record['patient_id'], record['offset_days']), [])
        note = record['clinical_notes'].strip()
        if note not in notes:
            notes.append(note)
        cells = dict(
            patient_id=record['patient_id'],
            study_id=_study(record, notes.index(note)),
            view=_view(record, tally),
            sex=record['sex'] if record['sex'] in ('M', 'F') else '',
            age=re.sub(r'\.0$', '', record['age'].strip()),
            findings=note,
            **_labels(record, tally),
            **{f'extra_{name}': record[name] for name in _EXTRA},
        )
        file = source.find(f'{record.get("folder") or "images"}/{image}')
        films.append(Film(image, file, cells, _masks(source, record, tally)))
    return Listing(films)


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


def _records(source: Source, tally: Tally) -> list[dict[str, str]]:
    """Rows of the metadata under one set of names."""
    member = source.need('metadata.csv')
    table = source.table(member)
    names = [re.sub(r'\W+', '_', name.strip().lower()) for name in table]
    table.columns = [_COLUMNS.get(name, name) for name in names]
    need_columns(table, _NEEDED, member)
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


def _masks(source: Source, record: dict, tally: Tally) -> dict[str, MaskFile]:
    name = record.get('lung_mask')
    if name:
        mask = source.find(f'lung_masks/{name}')
        if mask is None:
            tally.fault('missing', 'listed masks that are not there', name)
    else:
        stem = PurePosixPath(record['image']).stem
        mask = source.find(f'annotations/lungVAE-masks/{stem}_mask.png')
    return {'mask_lungs': MaskFile(mask)} if mask else {}


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


CONVERTER = Converter(COVID19.METAINFO, read_covid19)
