"""Studies with their films and texts: what image-text methods train on."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pandas as pd

from mmcxr.datasets.packs.token_cache import CachedTokenizer
from mmcxr.datasets.tables.samples import (
    film_items,
    group_studies,
    known_labels,
    share_texts,
    whole_reports,
)
from mmcxr.datasets.tables.table import SECTIONS
from mmcxr.registry import DATASETS, TOKENIZERS

from .table_dataset import TableDataset

_TEXTS = ('auto', 'report', 'labels', 'whole')
_LEVELS = ('study', 'image')


@DATASETS.register_module()
class ImageTextDataset(TableDataset):
    """One sample per study, or per image with the texts of its study.

    Keys are those of :func:`mmcxr.datasets.tables.samples.group_studies`, or at level
    ``image`` of :func:`film_items` with ``labels`` of the
    image besides. Images whose study has no text to give are left out and counted in
    ``metainfo['left_out']``.

    Args:
        data_root: see :class:`~mmcxr.datasets.table_dataset.TableDataset`, like all
            that follow but ``texts``, ``level`` and ``tokenizer``.
        texts: ``report`` (findings and impression), ``labels`` (``sections`` is
            empty, so that transforms word the labels), or ``auto``: reports, and
            labels of studies without. With ``whole`` a sample has ``texts``, a list
            of one: the column ``report``, or findings and impression joined where
            that is empty; ``sections`` is empty. MRM trains on it.
        level: ``study`` or ``image``.
        tokenizer: config of a
            :class:`~mmcxr.datasets.packs.token_cache.CachedTokenizer` for the whole
            reports: a sample then has ``input_ids`` instead of ``texts``, a list of
            one array (L,), and ``mirrored_ids`` if the cache holds them.
    """

    def __init__(
        self,
        data_root: str,
        split_scheme: str | None = None,
        split: str | None = None,
        fraction: float = 1.0,
        fraction_seed: int = 0,
        texts: str = 'auto',
        level: str = 'study',
        tokenizer: dict | None = None,
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
        if level not in _LEVELS:
            raise ValueError(f'level {level!r} is none of {", ".join(_LEVELS)}')
        if tokenizer is not None and texts != 'whole':
            raise ValueError(
                f"a tokenizer caches whole reports: texts is 'whole', not {texts!r}"
            )
        self.tokenizer = tokenizer
        self.texts = texts
        self.level = level
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
        """Studies or images of the split."""
        table = self.load_rows()
        root = Path(self.data_root).absolute()
        classes = self._metainfo['classes']
        if self.texts == 'labels':
            self.need_columns(table, classes)
        classes = tuple(name for name in classes if name in table)
        self._metainfo['classes'] = classes
        if self.texts == 'whole' or self.level == 'image':
            table = share_texts(table, root)
        if self.texts == 'whole':
            table['report'] = whole_reports(table)
        if self.texts in ('labels', 'whole'):
            for section in SECTIONS:
                table[section] = ''
        table = self._leave_out_textless(table, classes)
        if len(table) == 0:
            return []
        make = group_studies if self.level == 'study' else film_items
        items = make(table, classes, root, self._metainfo['dataset'])
        if self.level == 'image' and classes:
            for item in items:
                item['labels'] = known_labels(classes, item['gt_label'])
        if self.texts == 'whole':
            if self.level == 'study':
                table = table.drop_duplicates(['patient_id', 'study_id'])
            self._add_reports(items, table['report'].tolist(), root)
        return items

    def get_data_info(self, idx: int) -> dict:
        """One item, with cached token ids."""
        info = super().get_data_info(idx)
        for key, number in info.pop('tokens', {}).items():
            info[key] = [self._store[number]]
        return info

    def _add_reports(self, items: list[dict], reports: list[str], root: Path) -> None:
        if self.tokenizer is None:
            for item, report in zip(items, reports, strict=True):
                item['texts'] = [report]
            return
        tokenizer = TOKENIZERS.build(self.tokenizer)
        if not isinstance(tokenizer, CachedTokenizer):
            raise TypeError(
                'the tokenizer of a dataset is a CachedTokenizer, around another, not '
                f'{type(tokenizer).__name__}; or put Tokenize into the pipeline'
            )
        self._store, entries = tokenizer(reports, root)
        for item, numbers in zip(items, entries, strict=True):
            item['tokens'] = numbers

    def _leave_out_textless(
        self, table: pd.DataFrame, classes: Sequence[str]
    ) -> pd.DataFrame:
        """The rows whose study has a text of the kind asked for."""
        worded = pd.Series(False, index=table.index)
        columns = dict(auto=SECTIONS, report=SECTIONS, whole=('report',))
        for name in columns.get(self.texts, ()):
            worded |= table[name].str.strip().ne('')
        if self.texts in ('auto', 'labels'):
            worded |= table[list(classes)].notna().any(axis=1)
        if self.level == 'study':
            studies = [table['patient_id'], table['study_id']]
            worded = worded.groupby(studies).transform('any')
        reason = dict(auto='no text', labels='no label')
        return self.leave_out(table, worded, reason.get(self.texts, 'no report'))
