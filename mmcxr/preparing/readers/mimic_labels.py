"""Label tables of MIMIC-CXR-JPG: two labellers' and, from 2.1.0 on, a radiologist's."""

import json

import pandas as pd

from mmcxr.datasets.public.chexpert import CHEXPERT_CLASSES
from mmcxr.datasets.tables.table_file import TableError
from mmcxr.preparing.archives import Member
from mmcxr.preparing.source import Source
from mmcxr.preparing.writing import Tally

from .labeller import read_labels

TABLE_NAME = 'mimic-cxr-2.0.0-{}.csv'
#: A row for each study of the test set whose report a radiologist labelled.
TEST_SET = 'mimic-cxr-2.1.0-test-set-labeled.csv'
_TEST_SET_NAMES = {'Airspace Opacity': 'Lung Opacity'}


def read_mimic_labels(
    source: Source, who: str, chosen: str, tally: Tally
) -> dict[str, dict[str, object]]:
    """Cells by study: label columns of the one chosen, one extra of each other.

    Args:
        source: the downloads.
        who: whose labels, one of :data:`MIMIC_LABELLERS`.
        chosen: whose become label columns.
        tally: takes what is amiss.

    Raises:
        TableError: a label that is none; or those chosen are the radiologist's, and
            are not there.
    """
    table, member = _find_labels(source, who, who == chosen, tally)
    if table.empty:
        return {}
    names = CHEXPERT_CLASSES
    if who == 'radiologist':
        names = [name for name in names if name in table] or names
    marks = read_labels(table, names, member)
    if who != chosen:
        marks = [{f'extra_{who}': _as_json(labels)} for labels in marks]
    for study in table['study_id'][table['study_id'].duplicated()]:
        tally.fault('invalid', f'studies twice in {member.name}', f's{study}')
    return dict(zip(table['study_id'], marks, strict=True))


def _find_labels(
    source: Source, who: str, chosen: bool, tally: Tally
) -> tuple[pd.DataFrame, Member | None]:
    """A table of labels, see :func:`find_table`; few have that of the radiologist."""
    if who != 'radiologist':
        return find_table(source, who, ('study_id',), tally)
    member = source.find(TEST_SET) or source.find(f'{TEST_SET}.gz')
    if member is None:
        if chosen:
            raise TableError(
                f'{source.root}: holds no {TEST_SET}, which has the labels of the '
                'radiologist; it comes with release 2.1.0 of MIMIC-CXR-JPG'
            )
        return pd.DataFrame(columns=['study_id']), None
    table = source.table(member, ('study_id',))
    return table.rename(columns=_TEST_SET_NAMES), member


def _as_json(labels: dict[str, object]) -> str:
    return json.dumps({name: label for name, label in labels.items() if label != ''})


def find_table(
    source: Source, which: str, columns: tuple[str, ...], tally: Tally
) -> tuple[pd.DataFrame, Member | None]:
    """A table of the JPEG release; where it is not there one without rows.

    Args:
        source: the downloads.
        which: the table, as its name says.
        columns: that it must have.
        tally: takes its name if it is not there.
    """
    name = TABLE_NAME.format(which)
    member = source.find(f'{name}.gz') or source.find(name)
    if member is None:
        tally.note('tables not there', f'{name}.gz')
        return pd.DataFrame(columns=list(columns)), None
    return source.table(member, columns), member
