"""A dataset of ours -> the CSV files that CXR-CLIP trains on; see :mod:`.cxr_clip_csv`.

Paths are whole. A row is a study (MIMIC-CXR, CheXpert, Open-I) or a film.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd

from mmcxr.datasets.public.chest_xray14 import CHEST_XRAY14_CLASSES
from mmcxr.datasets.public.chexpert import CHEXPERT_CLASSES, CheXpert5x200
from mmcxr.datasets.public.vindr_cxr import VINDR_LABELS
from mmcxr.datasets.tables.splits import read_split
from mmcxr.datasets.tables.table import SECTIONS, read_table
from mmcxr.datasets.tables.table_checks import nearest
from mmcxr.datasets.tables.table_file import TableError
from mmcxr.preparing.writing import Tally, write_csv

from .cxr_clip_forms import FORMS

_VIEWS = {'AP': 'AP', 'PA': 'PA', 'LATERAL': 'Lateral'}
Rows = Iterator[dict[str, object]]


def write_cxr_clip_csv(
    dataset: str, root: str | Path, csv_folder: str | Path, scheme: str | None = None
) -> Tally:
    """Write the files of a dataset, one for each split.

    Studies without a text, and films with labels that the form cannot say, are left
    out and counted.

    Args:
        dataset: a key of :data:`FORMS`.
        root: folder of the dataset, whose ``images`` the files name.
        csv_folder: to write to.
        scheme: split scheme; None: all films, where there is one file only.

    Returns:
        Counts of what was written and left out.

    Raises:
        FileExistsError: there is such a file.
        TableError: no such label column, no scheme where one is needed, or nothing
            to write.
    """
    form, root, tally = FORMS[dataset], Path(root), Tally()
    table = read_table(root)
    _need_columns(table, dataset, root)
    images = (root / 'images').resolve().as_posix()
    films = table.assign(path=[f'{images}/{image}' for image in table['image']])
    if scheme is not None:
        rows = read_split(root, scheme, table).rows
        parts = {split: films.iloc[number] for split, number in rows.items()}
    elif len(form.files) == 1:
        parts = dict.fromkeys(form.files, films)
    else:
        raise TableError(f'{root}: name a split scheme; {dataset} has several files')
    targets = {split: Path(csv_folder, name) for split, name in form.files.items()}
    for path in targets.values():
        if path.exists():
            raise FileExistsError(f'{path}: is there; remove it or write elsewhere')
    for split in parts.keys() - form.files.keys():
        tally.note('splits that CXR-CLIP has no file of', split)
    written = {}
    for split, path in targets.items():
        rows = list(_WRITERS[dataset](parts.get(split, films[:0]), split, tally))
        if rows:
            written[path] = pd.DataFrame(rows)
        else:
            tally.note('files not written, for they would be empty', path.name)
    if not written:
        raise TableError(f'{root}: nothing to write; {"; ".join(tally.lines())}')
    for path, frame in written.items():
        write_csv(path, frame)
    return tally


def _need_columns(table: pd.DataFrame, dataset: str, root: Path) -> None:
    for name in _LABELS.get(dataset, ()):
        if name not in table:
            raise TableError(
                f'{root}: no label column {name!r}{nearest(name, table.columns)}'
            )


def _studies(films: pd.DataFrame, tally: Tally) -> Iterator[tuple[dict, pd.DataFrame]]:
    """({image, view, AP, PA, Lateral}, films) of each study."""
    for _, study in films.groupby(['patient_id', 'study_id'], sort=False):
        paths = {
            name: study['path'][study['view'] == view].tolist()
            for view, name in _VIEWS.items()
        }
        for path in study['path'][~study['view'].isin(_VIEWS)]:
            tally.note('films of no view', path)
        views = [name for name, listed in paths.items() if listed]
        yield dict(image=study['path'].tolist(), view=views, **paths), study


def _texts(study: pd.DataFrame, suffix: str = '') -> list[str]:
    first = study.iloc[0]
    texts = [first.get(f'{section}{suffix}', '') for section in SECTIONS]
    return [text for text in texts if text]


def _reports(films: pd.DataFrame, split: str, tally: Tally) -> Rows:
    """Reports; of a test set the longer section, as they evaluate."""
    for row, study in _studies(films, tally):
        texts = _texts(study)
        if not texts:
            tally.note('studies without a text; left out', row['image'][0])
        elif split == 'test':
            yield dict(image=row['image'], text=max(texts, key=len))
        else:
            augmented = _texts(study, '_augmented') or texts
            yield dict(row, text=texts, text_augment=augmented)


def _first_films(films: pd.DataFrame, split: str, tally: Tally) -> Rows:
    """The first frontal film of each study, and the longer section."""
    for row, study in _studies(films, tally):
        frontal = [*row['PA'], *row['AP'], *study['path'][study['view'] == '']]
        texts = _texts(study)
        if frontal and texts:
            yield dict(image=frontal[0], text=max(texts, key=len))
        else:
            kind = 'studies without a frontal film or a text; left out'
            tally.note(kind, row['image'][0])


def _chexpert(films: pd.DataFrame, split: str, tally: Tally) -> Rows:
    for row, study in _studies(films, tally):
        labels = study[list(CHEXPERT_CLASSES)]
        if len(labels.drop_duplicates()) > 1:
            kind = 'studies whose films have unequal labels; left out'
            tally.note(kind, row['image'][0])
            continue
        named = [
            labels.columns[labels.iloc[0] == value].tolist() for value in (1, 0, -1)
        ]
        yield dict(row, text_label=named)


def _known(films: pd.DataFrame, dataset: str, tally: Tally) -> pd.DataFrame:
    """The films whose labels are all 1 or 0."""
    known = films[list(_LABELS[dataset])].isin((0, 1)).all(axis=1)
    for image in films['image'][~known]:
        tally.note('left out, labels uncertain or unknown', image)
    return films[known]


def _of_films(dataset: str, cells: Callable[[str, dict[str, int]], dict]) -> Callable:
    """A row for each film: ``cells`` of (path, labels by class)."""

    def write(films: pd.DataFrame, split: str, tally: Tally) -> Rows:
        known = _known(films, dataset, tally)
        labels = known[list(_LABELS[dataset])].astype(int).to_dict('records')
        for path, row in zip(known['path'], labels, strict=True):
            yield cells(path, row)

    return write


def _names(labels: dict[str, int]) -> list[str]:
    return [name for name, label in labels.items() if label]


def _one_label(name: str, other: str) -> Callable[[str, dict[str, int]], dict]:
    return lambda path, labels: {
        'image': path,
        'label': labels[name],
        'class': name if labels[name] else other,
    }


def _chexpert_5x200(films: pd.DataFrame, split: str, tally: Tally) -> Rows:
    known = _known(films, 'chexpert-5x200', tally)
    classes = list(_LABELS['chexpert-5x200'])
    for path, text, *labels in known[['path', 'impression', *classes]].to_numpy():
        labels = dict(zip(classes, map(float, labels), strict=True))
        yield {'Path': path, 'Report Impression': text, **labels}


#: Label columns that a form needs.
_LABELS = {
    'chexpert': CHEXPERT_CLASSES,
    'chestx-ray14': (*CHEST_XRAY14_CLASSES, 'No Finding'),
    'vindr-cxr': VINDR_LABELS,
    'rsna': ('Pneumonia',),
    'siim': ('Pneumothorax',),
    'chexpert-5x200': CheXpert5x200.METAINFO['classes'],
}
_WRITERS = {
    'mimic-cxr': _reports,
    'chexpert': _chexpert,
    'chestx-ray14': _of_films(
        'chestx-ray14',
        lambda path, labels: dict(image=[path], text_label=_names(labels)),
    ),
    'vindr-cxr': _of_films(
        'vindr-cxr',
        lambda path, labels: {
            'image': path,
            'label': list(labels.values()),
            'class': _names(labels),
        },
    ),
    'rsna': _of_films('rsna', _one_label('Pneumonia', 'Normal')),
    'siim': _of_films('siim', _one_label('Pneumothorax', 'No Pneumothorax')),
    'chexpert-5x200': _chexpert_5x200,
    'openi': _first_films,
}
