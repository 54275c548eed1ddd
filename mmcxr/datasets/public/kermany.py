"""Chest X-ray pneumonia of Kermany et al., KnoBo's "pneumonia"."""

from mmcxr.datasets.classification import ClassificationDataset
from mmcxr.datasets.tables.reported_counts import ReportedCounts
from mmcxr.registry import DATASETS

KERMANY_COUNTS = (
    ReportedCounts(
        'text of the paper: 5,232 films for training, 624 for testing',
        images=5_856,
        positive=dict(Pneumonia=3_883 + 390),
        negative=dict(Pneumonia=1_349 + 234),
    ),
    ReportedCounts(
        'lists of KnoBo, github.com/YueYANG1996/KnoBo',
        splits=dict(official=dict(train=5_216, val=16, test=624)),
    ),
)


@DATASETS.register_module()
class KermanyPneumonia(ClassificationDataset):
    """Films of children of one to five years, pneumonia or normal.

    The validation folder has 16 films.
    """

    METAINFO = dict(
        dataset='kermany',
        classes=('Pneumonia',),
        licence='CC BY 4.0',
        citation='Kermany et al., Cell 2018, https://doi.org/10.1016/j.cell.2018.02.010',
        convert='python tools/prepare_dataset.py kermany SOURCE --out {data_root}',
    )
