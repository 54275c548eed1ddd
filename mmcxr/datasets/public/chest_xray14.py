"""ChestX-ray14 (NIH)."""

from mmcxr.datasets.classification import ClassificationDataset
from mmcxr.datasets.image_text import ImageTextDataset
from mmcxr.datasets.tables.reported_counts import ReportedCounts
from mmcxr.registry import DATASETS

#: In the order of the official code and of most tables in papers.
CHEST_XRAY14_CLASSES = (
    'Atelectasis',
    'Cardiomegaly',
    'Effusion',
    'Infiltration',
    'Mass',
    'Nodule',
    'Pneumonia',
    'Pneumothorax',
    'Consolidation',
    'Edema',
    'Emphysema',
    'Fibrosis',
    'Pleural_Thickening',
    'Hernia',
)
_FACTS = dict(
    dataset='chestx-ray14',
    classes=CHEST_XRAY14_CLASSES,
    licence='unrestricted use, with the acknowledgement the NIH Clinical Center asks',
    citation='Wang et al., CVPR 2017, https://arxiv.org/abs/1705.02315',
    convert='python tools/prepare_dataset.py chestx-ray14 SOURCE --out {data_root}',
)
CHEST_XRAY14_COUNTS = (
    ReportedCounts(
        'README_CHESTXRAY.pdf of https://nihcc.app.box.com/v/ChestXray-NIHCC',
        images=112_120,
        patients=30_805,
    ),
    ReportedCounts(
        'train_val_list.txt, test_list.txt',
        splits=dict(official=dict(train=86_524, test=25_596)),
    ),
    ReportedCounts('BBox_List_2017.csv, 984 rows', boxes=984),
    ReportedCounts(
        'Data_Entry_2017_v2020.csv, 112,120 rows',
        positive={
            'Atelectasis': 11_559,
            'Cardiomegaly': 2_776,
            'Effusion': 13_317,
            'Infiltration': 19_894,
            'Mass': 5_782,
            'Nodule': 6_331,
            'Pneumonia': 1_431,
            'Pneumothorax': 5_302,
            'Consolidation': 4_667,
            'Edema': 2_303,
            'Emphysema': 2_516,
            'Fibrosis': 1_686,
            'Pleural_Thickening': 3_385,
            'Hernia': 227,
            'No Finding': 60_361,
        },
    ),
)


@DATASETS.register_module()
class ChestXray14(ClassificationDataset):
    """ChestX-ray14, 14 findings."""

    METAINFO = _FACTS


@DATASETS.register_module()
class ChestXray14Pairs(ImageTextDataset):
    """ChestX-ray14 for image-text methods; texts come from labels."""

    METAINFO = {**_FACTS, 'classes': (*CHEST_XRAY14_CLASSES, 'No Finding')}
