"""SIIM-ACR Pneumothorax Segmentation."""

from mmcxr.registry import DATASETS

from .classification import ClassificationDataset
from .segmentation import SegmentationDataset

_FACTS = dict(
    dataset='siim',
    licence='rules of the SIIM-ACR Pneumothorax Segmentation challenge (Kaggle)',
    citation='SIIM-ACR Pneumothorax Segmentation, 2019, '
    'https://www.kaggle.com/c/siim-acr-pneumothorax-segmentation',
    convert='python tools/dataset_converters/cxr_clip_csv.py '
    'siim CSV_FOLDER IMAGE_FOLDER --out {data_root}',
)


@DATASETS.register_module()
class SIIMPneumothorax(ClassificationDataset):
    """SIIM-ACR Pneumothorax, one label."""

    METAINFO = {**_FACTS, 'classes': ('Pneumothorax',)}


@DATASETS.register_module()
class SIIMPneumothoraxSeg(SegmentationDataset):
    """SIIM-ACR Pneumothorax, masks; films without pneumothorax are all background."""

    METAINFO = {
        **_FACTS,
        'classes': ('background', 'pneumothorax'),
        'palette': [[0, 0, 0], [255, 64, 64]],
        'empty_mask': 'Pneumothorax',
    }
