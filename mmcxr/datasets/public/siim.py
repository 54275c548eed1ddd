"""SIIM-ACR Pneumothorax Segmentation."""

from mmcxr.datasets.classification import ClassificationDataset
from mmcxr.datasets.segmentation import SegmentationDataset
from mmcxr.datasets.tables.reported_counts import ReportedCounts
from mmcxr.registry import DATASETS

_FACTS = dict(
    dataset='siim',
    licence='rules of the SIIM-ACR Pneumothorax Segmentation challenge (Kaggle)',
    citation='SIIM-ACR Pneumothorax Segmentation, 2019, '
    'https://www.kaggle.com/c/siim-acr-pneumothorax-segmentation',
    convert='python tools/prepare_dataset.py siim SOURCE --out {data_root}',
)
_COPY = 'kaggle.com/datasets/vbookshelf/pneumothorax-chest-xray-images-and-masks'
#: Annotated films of stage 1; stage 2 adds the 1,372 test films of stage 1.
SIIM_STAGE_1_IMAGES = 10_675
SIIM_COUNTS = (
    ReportedCounts(
        'train-rle.csv of stage 1, 11,582 rows',
        'stage 1',
        images=SIIM_STAGE_1_IMAGES,
        positive=dict(Pneumothorax=2_379),
        negative=dict(Pneumothorax=8_296),
        masks=dict(mask=2_379),
    ),
    ReportedCounts(
        'stage_2_train.csv, 12,954 rows',
        'stage 2',
        images=12_047,
        positive=dict(Pneumothorax=2_669),
        negative=dict(Pneumothorax=9_378),
        masks=dict(mask=2_669),
    ),
    ReportedCounts(
        f'stage_1_train_images.csv and stage_1_test_images.csv of {_COPY}',
        'stage 2, in two folders',
        splits=dict(official=dict(train=SIIM_STAGE_1_IMAGES, test=1_372)),
    ),
    ReportedCounts(
        'lists of MRM, github.com/RL4M/MRM-pytorch, DatasetsSplits',
        'folders',
        images=10_675,
        positive=dict(Pneumothorax=2_379),
        splits=dict(mrm=dict(train=7_969, val=1_898, test=1_904)),
    ),
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
