"""Studies with their films and texts: what image-text methods train on."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pandas as pd

from mmcxr.registry import DATASETS

from .studies import group_studies
from .table import SECTIONS
from .table_dataset import TableDataset

_TEXTS = ('auto', 'report', 'labels')


@DATASETS.register_module()
class ImageTextDataset(TableDataset):
    """One sample per study; keys as in :func:`mmcxr.datasets.studies.group_studies`.

    Images whose study has no text to give are left out and counted in
    ``metainfo['left_out']``.

    Args:
        data_root: see :class:`~mmcxr.datasets.table_dataset.TableDataset`, like all
            that follow but ``texts``.
        texts: ``report`` (findings and impression), ``labels`` (``sections`` is
            empty, so that transforms word the labels), or ``auto``: reports, and
            labels of studies without.
    """

    def __init__(
        self,
        data_root: str,
        split_scheme: str | None = None,
        split: str | None = None,
        fraction: float = 1.0,
        fraction_seed: int = 0,
        texts: str = 'auto',
        classes: Sequence[str] | None = None,
        views: Sequence[str] | None = None,
        metainfo: Mapping | None = None,
        pipeline: Sequence[dict | Callable] = (),
        test_mode: bool = False,
        max_unreadable: float = 0.01,
        lazy_init: bool = False,
    ):
        if texts not in _TEXTS:
            raise ValueError(f'texts {texts!r} is none of {", ".join(_TEXTS)}')
        self.texts = texts
        super().__init__(
            data_root,
            split_scheme=split_scheme,
            split=split,
            fraction=fraction,
            fraction_seed=fraction_seed,
            classes=classes,
            views=views,
            metainfo=metainfo,
            pipeline=pipeline,
            test_mode=test_mode,
            max_unreadable=max_unreadable,
            lazy_init=lazy_init,
        )

    def load_data_list(self) -> list[dict]:
        """Studies of the split."""
        table = self.load_rows()
        classes = self._metainfo['classes']
        if self.texts == 'labels':
            self.need_columns(table, classes)
            for section in SECTIONS:
                table[section] = ''
        classes = tuple(name for name in classes if name in table)
        self._metainfo['classes'] = classes
        worded = pd.Series(False, index=table.index)
        if self.texts != 'labels':
            for section in SECTIONS:
                worded |= table[section].str.strip().ne('')
        if self.texts != 'report':
            worded |= table[list(classes)].notna().any(axis=1)
        studies = [table['patient_id'], table['study_id']]
        keep = worded.groupby(studies).transform('any')
        reason = {'report': 'no report', 'labels': 'no label'}
        table = self.leave_out(table, keep, reason.get(self.texts, 'no text'))
        if len(table) == 0:
            return []
        dataset = self._metainfo['dataset']
        return group_studies(table, classes, Path(self.data_root).absolute(), dataset)
