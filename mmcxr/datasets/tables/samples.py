"""Make samples of the rows of a table: studies, or single films."""

from pathlib import Path

import numpy as np
import pandas as pd

from .table import SECTIONS, TableError

# One film that shows a finding is enough; doubt outweighs absence.
_RANK = {0.0: 1.0, -1.0: 2.0, 1.0: 3.0}
_UNRANK = {rank: label for label, rank in _RANK.items()}


def group_studies(
    table: pd.DataFrame, classes: tuple[str, ...], root: Path, dataset: str
) -> list[dict]:
    """One item per (patient, study), in the order of their first rows.

    A label of a study is the strongest of its images: present, then uncertain, then
    absent.

    Args:
        table: rows, as :func:`~mmcxr.datasets.tables.table.read_table` gives them.
        classes: label columns.
        root: folder of the table.
        dataset: name.

    Returns:
        Items with ``views`` (a list of dict(img_path, image, view)), ``sections`` and
        ``sections_augmented`` ({name: text}; the second is empty, or has the same
        names, the original text where an augmented one is lacking), ``labels``
        ({class: 1.0, 0.0 or -1.0}, unknown ones absent), ``gt_label`` if there are
        classes ((C,) float32 with NaN for unknown), ``patient_id``, ``study_id`` and
        ``dataset``.

    Raises:
        TableError: rows of one study hold different reports.
    """
    study = _study_numbers(table)
    texts = {
        name: _one_text(table, study, name, root)
        for section in SECTIONS
        for name in (section, f'{section}_augmented')
    }
    gt_label = _strongest(table, study, classes)
    images = str(root / 'images')
    items: dict[int, dict] = {}
    names = ('patient_id', 'study_id', 'image', 'view')
    rows = zip(study.tolist(), *(table[name].tolist() for name in names), strict=True)
    for number, patient, name, image, view in rows:
        if number not in items:
            items[number] = dict(
                views=[],
                **_sections({key: text[number] for key, text in texts.items()}),
                labels=known_labels(classes, gt_label[number]),
                patient_id=patient,
                study_id=name,
                dataset=dataset,
            )
            if classes:
                items[number]['gt_label'] = gt_label[number]
        film = dict(img_path=f'{images}/{image}', image=image, view=view)
        items[number]['views'].append(film)
    return list(items.values())


def film_items(
    table: pd.DataFrame, classes: tuple[str, ...], root: Path, dataset: str
) -> list[dict]:
    """One item per row, with the labels and texts of the row itself.

    Args:
        table: rows, as :func:`~mmcxr.datasets.tables.table.read_table` gives them.
        classes: label columns.
        root: folder of the table.
        dataset: name.

    Returns:
        Items with ``image``, ``img_path``, ``view``, ``patient_id``, ``study_id``,
        ``dataset``, ``sections`` and ``sections_augmented``, and ``gt_label`` if there
        are classes; the last three as of :func:`group_studies`.
    """
    images = str(root / 'images')
    labels = table[list(classes)].to_numpy(np.float32)
    names = ('image', 'view', 'patient_id', 'study_id')
    rows = zip(*(table[name].tolist() for name in names), strict=True)
    return [
        dict(
            zip(names, row, strict=True),
            img_path=f'{images}/{row[0]}',
            dataset=dataset,
            **(dict(gt_label=label) if classes else {}),
            **sections,
        )
        for row, label, sections in zip(rows, labels, _row_sections(table), strict=True)
    ]


def share_texts(table: pd.DataFrame, root: Path) -> pd.DataFrame:
    """The rows with the texts of their study in each of them.

    Raises:
        TableError: rows of one study hold different texts.
    """
    study = _study_numbers(table)
    names = ('report', *SECTIONS, *(f'{section}_augmented' for section in SECTIONS))
    texts = {name: _one_text(table, study, name, root) for name in names}
    return table.assign(
        **{name: [text[number] for number in study] for name, text in texts.items()}
    )


def whole_reports(table: pd.DataFrame) -> pd.Series:
    """(N,) the report of each row; without one, its findings and impression."""
    joined = table[SECTIONS[0]].str.strip()
    for section in SECTIONS[1:]:
        joined = (joined + ' ' + table[section].str.strip()).str.strip()
    report = table['report'].str.strip()
    return report.where(report != '', joined)


def known_labels(classes: tuple[str, ...], labels: np.ndarray) -> dict[str, float]:
    """{class: label} of the labels that are known."""
    pairs = zip(classes, labels.tolist(), strict=True)
    return {name: label for name, label in pairs if label == label}


def _study_numbers(table: pd.DataFrame) -> np.ndarray:
    """(N,) number of each row's study, in the order of first rows."""
    return table.groupby(['patient_id', 'study_id'], sort=False).ngroup().to_numpy()


def _row_sections(table: pd.DataFrame) -> list[dict]:
    """Sections of each row by itself: ``sections`` and ``sections_augmented``."""
    names = [n for section in SECTIONS for n in (section, f'{section}_augmented')]
    return [
        _sections(dict(zip(names, texts, strict=True)))
        for texts in zip(*(table[name].tolist() for name in names), strict=True)
    ]


def _sections(texts: dict[str, str]) -> dict:
    texts = {name: text.strip() for name, text in texts.items()}
    sections = {name: texts[name] for name in SECTIONS if texts[name]}
    augmented = {name: texts[f'{name}_augmented'] for name in sections}
    if any(augmented.values()):
        augmented = {name: text or sections[name] for name, text in augmented.items()}
    else:
        augmented = {}
    return dict(sections=sections, sections_augmented=augmented)


def _one_text(table, study: np.ndarray, column: str, root: Path) -> list[str]:
    """The text of each study; rows may leave it empty but not differ."""
    texts = [''] * (study.max(initial=-1) + 1)
    for row, (number, text) in enumerate(zip(study, table[column], strict=True)):
        text = text.strip()
        if not text or text == texts[number]:
            continue
        if texts[number]:
            patient, name = table.loc[row, ['patient_id', 'study_id']]
            raise TableError(
                f'{root}: images of study {name!r} of patient {patient!r} have '
                f'different {column}, e.g. {table.loc[row, "image"]!r}; give them one '
                'text, or different study ids'
            )
        texts[number] = text
    return texts


def _strongest(table, study: np.ndarray, classes: tuple[str, ...]) -> np.ndarray:
    """(S, C) float32 labels of the studies."""
    if not classes:
        return np.zeros((study.max() + 1, 0), np.float32)
    ranks = table[list(classes)].apply(lambda column: column.map(_RANK))
    ranks = ranks.groupby(study).max()
    return ranks.apply(lambda column: column.map(_UNRANK)).to_numpy(np.float32)
