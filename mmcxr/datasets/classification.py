"""Films (or studies) with labels."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from mmcxr.datasets.tables.label_policy import Policy, apply_label_policy, check_policy
from mmcxr.datasets.tables.samples import film_items, group_studies
from mmcxr.datasets.tables.table_checks import refuse_rows
from mmcxr.registry import DATASETS

from .table_dataset import TableDataset

_LEVELS = ('image', 'study')


@DATASETS.register_module()
class ClassificationDataset(TableDataset):
    """One sample per image or study, with ``gt_label`` (C,).

    ``gt_label`` is float32: 1 present, 0 absent, -1 uncertain, NaN unknown; the last
    two may be decided here, class by class, for training and evaluation alike. Images
    without any known label of the classes are then left out and counted in
    ``metainfo['left_out']``. With ``exclusive=True`` in ``metainfo`` every sample
    must be positive for exactly one class (CheXpert 5x200).

    The keys are those of :func:`mmcxr.datasets.tables.samples.film_items`, or
    :func:`~mmcxr.datasets.tables.samples.group_studies` at level ``study``.

    Args:
        data_root: see :class:`~mmcxr.datasets.table_dataset.TableDataset`, like all
            that follow but ``level``, ``uncertain`` and ``unknown``.
        level: ``image`` or ``study``.
        uncertain: what -1 becomes: ``'ones'``, ``'zeros'``, ``'ignore'`` (unknown), or
            a mapping of classes to these; None leaves it to the head and the metric.
        unknown: what an empty label becomes, likewise. CheXpert's labeller leaves
            empty what the report does not mention; most lists count that as absent.
    """

    def __init__(
        self,
        data_root: str,
        split_scheme: str | None = None,
        split: str | None = None,
        fraction: float = 1.0,
        fraction_seed: int = 0,
        level: str = 'image',
        uncertain: Policy = None,
        unknown: Policy = None,
        classes: Sequence[str] | None = None,
        views: Sequence[str] | None = None,
        metainfo: Mapping | None = None,
        pipeline: Sequence[dict | Callable] = (),
        test_mode: bool = False,
        max_unreadable: float = 0.01,
        lazy_init: bool = False,
    ):
        if level not in _LEVELS:
            raise ValueError(f'level {level!r} is none of {", ".join(_LEVELS)}')
        check_policy(uncertain, 'uncertain')
        check_policy(unknown, 'unknown')
        self.level = level
        self.uncertain = uncertain
        self.unknown = unknown
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
        """Images or studies of the split."""
        table = self.load_rows()
        classes = self._metainfo['classes']
        self.need_columns(table, classes)
        table = apply_label_policy(table, classes, self.uncertain, self.unknown)
        labels = table[list(classes)]
        table = self.leave_out(table, labels.notna().any(axis=1), 'no label')
        if len(table) == 0:
            return []
        if self._metainfo.get('exclusive'):
            labels = table[list(classes)].to_numpy(np.float32)
            bad = (labels == 1).sum(axis=1) != 1
            fault = f'not positive for exactly one of {", ".join(classes)}'
            refuse_rows(table, bad, 'exclusive classes', self.table_path, fault)
        root, dataset = Path(self.data_root).absolute(), self._metainfo['dataset']
        if self.level == 'study':
            return group_studies(table, classes, root, dataset)
        return film_items(table, classes, root, dataset)
