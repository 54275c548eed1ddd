"""Which column of a list is the image, the split, the patient, a label.

Headers are read where there are any; a list without is told by its cells.
"""

import re
from dataclasses import dataclass

import pandas as pd

from .list_text import IMAGE_SUFFIX

#: Spellings of a label cell, and the one we use.
LABEL_CELLS = {
    **{'1': '1', '0': '0', '-1': '-1', '1.0': '1', '0.0': '0', '-1.0': '-1', '': ''},
    **{'nan': '', 'NaN': '', 'True': '1', 'False': '0', 'None': ''},
}
# Names as they look without case, blanks and signs, the likeliest first.
_IMAGE = (
    'image imagepath imgpath imagename imagefile imagefilename imgname imgfile '
    'filename filepath file path imageindex imageid imgid sopinstanceuid sopuid '
    'dicomid dicomfile dicom img images name uid id'
).split()
_PATIENT = 'patientid patient subjectid subject pid'.split()
_SPLIT = 'split splits set subset setid partition phase fold dataset mode'.split()
_TOKENS = {
    **dict.fromkeys(('train', 'training', 'trn'), 'train'),
    **dict.fromkeys(('val', 'valid', 'validation', 'validate', 'dev', 'eval'), 'val'),
    **dict.fromkeys(('test', 'testing', 'tst'), 'test'),
    **dict.fromkeys(('trainval', 'trainvalid'), 'train_val'),
}
_FOLD = re.compile(r'\d{1,2}')
_LABEL = 'label labels class classes target category finding diagnosis y'.split()
# Share of the cells of a column that make it one of labels; the rest are faults,
# unless one of them is so frequent that it must be a class.
_LABEL_SHARE = 0.9
_FREQUENT = 0.01
_MAX_CATEGORIES = 50


@dataclass(frozen=True)
class ListColumns:
    """Names of the columns by what they hold; empty: the list has none.

    Args:
        image: of the images.
        split: of the splits.
        patient: of the patients.
        labels: 1, 0, -1 or empty, but for a few faulty cells.
        categories: texts or numbers out of a few.
    """

    image: str
    split: str
    patient: str
    labels: tuple[str, ...]
    categories: tuple[str, ...]


def split_name(text: str) -> str:
    """The split that a file's stem or a cell names; '' if none.

    'train_list' and 'mimic_cxr_train' are train, 'chest14_valid' is val, 'train_10'
    and 'list-train.1' are fractions and keep their number.
    """
    words = [word for word in re.split(r'[^a-z0-9.]+', text.lower()) if word]
    words = [re.sub(r'(?<=[a-z])(list|set|split)$', '', word) for word in words]
    found = [(i, _TOKENS[word]) for i, word in enumerate(words) if word in _TOKENS]
    if not found:
        return ''
    index, name = found[-1]
    if [split for _, split in found] == ['train', 'val']:
        name = 'train_val'
    after = words[index + 1] if index + 1 < len(words) else ''
    fraction = re.fullmatch(r'(\d+(?:\.\d+)?)(?:pct|percent|p)?', after)
    return f'{name}_{fraction[1]}' if fraction else name


def split_cell(text: str) -> str:
    """The split that a cell names; a number is a fold: 'fold3'."""
    return f'fold{int(text)}' if _FOLD.fullmatch(text) else split_name(text)


def name_columns(cells: pd.DataFrame) -> pd.DataFrame:
    """The rows below a header under its names; without one, as they are."""
    first = [str(cell) for cell in cells.iloc[0]]
    known = {*_IMAGE, *_PATIENT, *_SPLIT, 'patientid'}
    named = any(_plain(cell) in known for cell in first)
    if not named and len(cells) > 1 and not any(map(IMAGE_SUFFIX.search, first)):
        # A word on top of a column of labels is a name; a number there is a fault.
        # So is a word on top of what all holds digits.
        below = cells.iloc[1:]
        named = any(
            re.search('[A-Za-z]', head)
            and (
                _is_label(below[column])
                or (head.isalpha() and below[column].str.contains(r'\d').all())
            )
            for head, column in zip(first, cells, strict=True)
        )
    if not named:
        return cells.rename(columns=str)
    names = [head or f'column {i}' for i, head in enumerate(first, 1)]
    seen: dict[str, int] = {}
    for i, name in enumerate(names):
        seen[name] = seen.get(name, 0) + 1
        names[i] = name if seen[name] == 1 else f'{name} {seen[name]}'
    return cells.iloc[1:].set_axis(names, axis=1)


def find_columns(cells: pd.DataFrame, folds: bool = False) -> ListColumns | None:
    """Roles of the columns of a list, or None where no column names images.

    Args:
        cells: strings, under their names (see :func:`name_columns`).
        folds: numbers in a column of splits are folds.
    """
    by_name = {_plain(name): name for name in reversed(list(cells.columns))}
    image = next((by_name[name] for name in _IMAGE if name in by_name), '')
    patient = next((by_name[name] for name in _PATIENT if name in by_name), '')
    if not image:
        image = _image_by_cells(cells) or patient  # Kaggle's patientId is an image
        patient = patient if image != patient else ''
    if not image:
        return None
    if patient and _is_of_image(cells[patient], cells[image]):
        patient = ''
    rest = [name for name in cells if name not in (image, patient)]
    split = next((name for name in rest if _is_split(name, cells[name], folds)), '')
    rest = [name for name in rest if name != split]
    labels = [name for name in rest if _is_label(cells[name])]
    if not patient and image != '0' and '0' in rest:  # ids before the images (COVIDx)
        many = cells['0'].nunique() >= max(3, len(cells) / 4)
        patient = '0' if many and '0' not in labels else ''
    rest = [name for name in rest if name not in (*labels, patient)]
    categories = [name for name in rest if _is_category(name, cells[name])]
    return ListColumns(image, split, patient, tuple(labels), tuple(categories))


def _plain(name: object) -> str:
    return re.sub(r'[^a-z0-9]', '', str(name).lower())


def _image_by_cells(cells: pd.DataFrame) -> str:
    """A column of file names, or the first where none has a header."""
    for name in cells:
        if cells[name].str.contains(IMAGE_SUFFIX).mean() > 0.5:
            return name
    if list(cells.columns) == [str(i) for i in range(cells.shape[1])]:
        return '0'
    return ''


def _is_split(name: str, cells: pd.Series, folds: bool) -> bool:
    """Its words are splits, but for faults where the header calls it so."""
    if folds and _plain(name) in _SPLIT and cells.str.fullmatch(_FOLD).all():
        return cells.nunique() > 1
    if _plain(name) not in _SPLIT and not re.fullmatch(r'\d+|key \d+|value', name):
        return False
    counts = cells.value_counts()
    splits = sum(count for cell, count in counts.items() if split_name(cell))
    share = _LABEL_SHARE if _plain(name) in _SPLIT else 1
    return bool(splits >= share * len(cells))


def _is_of_image(patients: pd.Series, images: pd.Series) -> bool:
    """The column names images again, whatever it is called (RSNA's patientId)."""
    same = [p != '' and p in i for p, i in zip(patients, images, strict=True)]
    return sum(same) >= 0.9 * len(same) and patients.nunique() == images.nunique()


def _is_label(cells: pd.Series) -> bool:
    counts = cells.value_counts()
    odd = {cell: n for cell, n in counts.items() if cell not in LABEL_CELLS}
    faults = sum(odd.values()) <= (1 - _LABEL_SHARE) * len(cells)
    faults &= max(odd.values(), default=0) <= max(1, _FREQUENT * len(cells))
    return bool(faults and set(counts.index) & (set(LABEL_CELLS) - {'', 'nan', 'NaN'}))


def _is_category(name: str, cells: pd.Series) -> bool:
    """A few texts, or a few numbers that are called a class or nothing."""
    texts = cells[cells != '']
    few = texts.nunique() <= min(_MAX_CATEGORIES, max(2, len(texts) // 2))
    if not few or len(texts) == 0:
        return False
    called = _plain(name) in _LABEL or re.fullmatch(r'\d+|key \d+|value', name)
    whole = called and texts.str.fullmatch(r'\d{1,2}(\.0)?').all()
    return bool(whole or texts.str.contains('[A-Za-z]').all())
