"""Films with masks, as mmseg's transforms, metrics and visualizer expect them."""

from pathlib import Path

from mmcxr.registry import DATASETS

from .table_dataset import TableDataset


@DATASETS.register_module()
class SegmentationDataset(TableDataset):
    """One sample per image, with the path of its mask.

    Facts in ``METAINFO`` or ``metainfo``: ``classes`` and ``palette`` of the pixels,
    background first; ``mask_column`` (else ``mask``); ``empty_mask``, what a row
    without mask means: ``background`` (nothing to outline), the name of a label
    column (nothing to outline where it is 0), or else unknown. Unknown ones are left
    out and counted; of the others ``seg_map_path`` is empty, which ``LoadFilmMask``
    reads as all background.

    Keys: ``img_path``, ``image``, ``view``, ``patient_id``, ``study_id``, ``dataset``,
    ``seg_map_path``, and mmseg's ``label_map`` (None), ``reduce_zero_label`` (False)
    and ``seg_fields`` (empty). The arguments are those of
    :class:`~mmcxr.datasets.table_dataset.TableDataset`.
    """

    METAINFO = dict(
        classes=('background', 'finding'),
        palette=[[0, 0, 0], [255, 64, 64]],
    )

    def load_data_list(self) -> list[dict]:
        """Images of the split that have a mask, or need none."""
        table = self.load_rows()
        column = self._metainfo.get('mask_column', 'mask')
        rule = self._metainfo.get('empty_mask')
        self.need_columns(table, [column])
        usable = table[column] != ''
        if rule == 'background':
            usable |= True
        elif rule is not None:
            self.need_columns(table, [rule])
            usable |= table[rule] == 0
        table = self.leave_out(table, usable, 'no mask')
        root = Path(self.data_root).absolute()
        names = ('image', 'view', 'patient_id', 'study_id', column)
        rows = zip(*(table[name].tolist() for name in names), strict=True)
        return [
            dict(
                zip(names[:4], row[:4], strict=True),
                img_path=f'{root}/images/{row[0]}',
                seg_map_path=f'{root}/masks/{row[4]}' if row[4] else '',
                dataset=self._metainfo['dataset'],
                label_map=None,
                reduce_zero_label=False,
                seg_fields=[],
            )
            for row in rows
        ]
