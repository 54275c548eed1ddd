"""Films with masks, as mmseg's transforms, metrics and visualizer expect them."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
from mmengine.logging import print_log

from mmcxr.datasets.films.film import read_mask
from mmcxr.datasets.tables.table_file import TableError
from mmcxr.registry import DATASETS

from .table_dataset import TableDataset


@DATASETS.register_module()
class SegmentationDataset(TableDataset):
    """One sample per image, with the path of its mask or with its boxes.

    Facts in ``METAINFO`` or ``metainfo``: ``classes`` and ``palette`` of the pixels,
    background first; ``mask_column`` (else ``mask``), or ``box_labels`` where boxes
    take the place of masks: ``all``, or the labels of those that do; ``empty_mask``,
    what a row without mask or boxes means: ``background`` (nothing to outline), the
    name of a label column (nothing to outline where it is 0), or else unknown.
    Unknown ones are left out and counted; the others are all background.

    Keys: ``img_path``, ``image``, ``view``, ``patient_id``, ``study_id``, ``dataset``;
    ``seg_map_path`` ('' is all background) for ``LoadFilmMask``, or ``boxes`` for
    ``LoadBoxMask``; ``has_finding``, None where the mask must tell; and mmseg's
    ``label_map`` (None), ``reduce_zero_label`` (False) and ``seg_fields`` (empty). The
    arguments are those of :class:`~mmcxr.datasets.table_dataset.TableDataset`.
    """

    METAINFO = dict(
        classes=('background', 'finding'),
        palette=[[0, 0, 0], [255, 64, 64]],
    )

    def load_data_list(self) -> list[dict]:
        """Images of the split that have a mask or boxes, or need none."""
        table = self.load_rows()
        boxes = 'box_labels' in self._metainfo
        table['marks'] = self._boxes(table) if boxes else self._masks(table)
        usable = (table['marks'].str.len() > 0) | self._absent(table)
        table = self.leave_out(table, usable, 'no boxes' if boxes else 'no mask')
        has_finding = self._has_finding(table, boxes)
        root = Path(self.data_root).absolute()
        names = ('image', 'view', 'patient_id', 'study_id')
        rows = zip(*(table[name].tolist() for name in (*names, 'marks')), strict=True)
        rows = zip(rows, has_finding, strict=True)
        return [
            dict(
                zip(names, facts, strict=True),
                img_path=f'{root}/images/{facts[0]}',
                # Either key alone, so that no loader takes the absence of the other
                # for the absence of the finding.
                **(
                    dict(boxes=marks)
                    if boxes
                    else dict(seg_map_path=f'{root}/masks/{marks}' if marks else '')
                ),
                has_finding=finding,
                dataset=self._metainfo['dataset'],
                label_map=None,
                reduce_zero_label=False,
                seg_fields=[],
            )
            for (*facts, marks), finding in rows
        ]

    def find_positives(self) -> np.ndarray:
        """Which samples have something to outline, (N,) bool.

        The table tells: boxes are a finding and so is a mask, unless the label column
        that ``empty_mask`` names says otherwise. Only masks of which the table says
        nothing, which may be files without a finding, are opened.

        Raises:
            MaskError: such a mask cannot be read.
        """
        infos = [self.get_data_info(index) for index in range(len(self))]
        doubtful = [i for i, info in enumerate(infos) if info['has_finding'] is None]
        positive = np.array([bool(info['has_finding']) for info in infos])
        if doubtful:
            paths = [infos[i]['seg_map_path'] for i in doubtful]
            with ThreadPoolExecutor() as pool:  # decoders let go of the interpreter
                found = pool.map(lambda path: bool(read_mask(path).any()), paths)
                positive[doubtful] = list(found)
            print_log(
                f'{self.table_path}: opened {len(doubtful)} masks to see which are '
                f'empty: {len(doubtful) - positive[doubtful].sum()}',
                'current',
            )
        return positive

    def _masks(self, table: pd.DataFrame) -> pd.Series:
        """Mask file of each row, or ''."""
        column = self._metainfo.get('mask_column', 'mask')
        self.need_columns(table, [column])
        return table[column]

    def _boxes(self, table: pd.DataFrame) -> pd.Series:
        """Boxes of each row that are the finding."""
        labels, boxes = self._metainfo['box_labels'], table['boxes']
        found = {box[4] for row in boxes for box in row}
        wanted = found if labels == 'all' else found.intersection(labels)
        if not wanted:
            named = '' if labels == 'all' else f' labelled {" or ".join(labels)}'
            others = f'; it has those of {", ".join(sorted(found))}' if found else ''
            raise TableError(
                f'{self.table_path}: no image of the split has boxes{named}{others}. '
                f'Dataset {self._metainfo["dataset"]!r} takes them for masks: convert '
                'the source that has them'
            )
        return boxes.map(lambda row: [box for box in row if box[4] in wanted])

    def _absent(self, table: pd.DataFrame) -> bool | pd.Series:
        """Whether the finding is known to be absent, for each row or for all."""
        rule = self._metainfo.get('empty_mask')
        if rule in (None, 'background'):
            return rule is not None
        self.need_columns(table, [rule])
        return table[rule] == 0

    def _has_finding(self, table: pd.DataFrame, boxes: bool) -> list[bool | None]:
        """For each row of ``marks`` whether it has the finding, None if unknown."""
        marked = (table['marks'].str.len() > 0).tolist()
        if boxes:
            return marked
        rule = self._metainfo.get('empty_mask')
        if rule in (None, 'background'):
            return [None if mark else False for mark in marked]
        known = {0: False, 1: True}
        return [
            known.get(label) if mark else False
            for mark, label in zip(marked, table[rule].tolist(), strict=True)
        ]
