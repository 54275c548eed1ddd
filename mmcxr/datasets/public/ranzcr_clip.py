"""RANZCR CLiP, catheters and lines."""

from mmcxr.datasets.classification import ClassificationDataset
from mmcxr.datasets.tables.reported_counts import ReportedCounts
from mmcxr.registry import DATASETS

#: The columns of train.csv: where the tip of a tube or line lies.
RANZCR_LABELS = (
    'ETT - Abnormal',
    'ETT - Borderline',
    'ETT - Normal',
    'NGT - Abnormal',
    'NGT - Borderline',
    'NGT - Incompletely Imaged',
    'NGT - Normal',
    'CVC - Abnormal',
    'CVC - Borderline',
    'CVC - Normal',
    'Swan Ganz Catheter Present',
)
_DATA = 'https://www.kaggle.com/c/ranzcr-clip-catheter-line-classification/data'
RANZCR_COUNTS = (
    ReportedCounts(
        f'train.csv of {_DATA}, 30,083 rows',
        splits=dict(official=dict(train=30_083)),
    ),
    ReportedCounts(f'{_DATA}: train.csv', 'training films', images=30_083),
)


@DATASETS.register_module()
class RANZCRCLiP(ClassificationDataset):
    """RANZCR CLiP: endotracheal, nasogastric and central venous tubes and lines.

    A film may show several of them, so labels of one kind do not exclude one another.
    The films come from ChestX-ray14, under other names of films and patients: an
    encoder trained on that has seen them.
    """

    METAINFO = dict(
        dataset='ranzcr-clip',
        classes=RANZCR_LABELS,
        licence='rules of the RANZCR CLiP challenge (Kaggle)',
        citation='Tang et al., Scientific Data 2021, '
        'https://doi.org/10.1038/s41597-021-01066-8',
        convert='python tools/prepare_dataset.py ranzcr-clip SOURCE --out {data_root}',
    )
