"""RSNA Pneumonia Detection Challenge, stage 2."""

from mmcxr.datasets.classification import ClassificationDataset
from mmcxr.datasets.segmentation import SegmentationDataset
from mmcxr.datasets.tables.reported_counts import ReportedCounts
from mmcxr.registry import DATASETS

_FACTS = dict(
    dataset='rsna',
    licence='rules of the RSNA Pneumonia Detection Challenge (Kaggle)',
    citation='Shih et al., Radiology: Artificial Intelligence 2019, '
    'https://doi.org/10.1148/ryai.2019180041',
    convert='python tools/prepare_dataset.py rsna SOURCE --out {data_root}',
)
_DATA = 'https://www.kaggle.com/c/rsna-pneumonia-detection-challenge/data'
RSNA_COUNTS = (
    ReportedCounts(
        'stage_2_train_labels.csv, 30,227 rows',
        'stage 2',
        positive=dict(Pneumonia=6_012),
        negative=dict(Pneumonia=20_672),
        boxes=9_555,
        splits=dict(official=dict(train=26_684)),
    ),
    ReportedCounts(_DATA, 'stage 2, training films', images=26_684),
    ReportedCounts(
        f'{_DATA}: stage_2_sample_submission.csv, 3,000 rows',
        'stage 2, with test films',
        images=29_684,
        splits=dict(official=dict(test=3_000)),
    ),
)


@DATASETS.register_module()
class RSNAPneumonia(ClassificationDataset):
    """RSNA Pneumonia, one label.

    The challenge's "patientId" names an image. All images come from ChestX-ray14,
    where most patients have several.
    """

    METAINFO = {**_FACTS, 'classes': ('Pneumonia',)}


@DATASETS.register_module()
class RSNAPneumoniaSeg(SegmentationDataset):
    """RSNA Pneumonia, its boxes as masks, as BenchX segments it."""

    METAINFO = {
        **_FACTS,
        'classes': ('background', 'pneumonia'),
        'palette': [[0, 0, 0], [255, 64, 64]],
        'box_labels': 'all',
        'empty_mask': 'Pneumonia',
    }
