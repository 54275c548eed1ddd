"""ChestX-ray14 (NIH)."""

from mmcxr.registry import DATASETS

from .classification import ClassificationDataset
from .image_text import ImageTextDataset

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
    convert='python tools/dataset_converters/cxr_clip_csv.py '
    'chestx-ray14 CSV_FOLDER IMAGE_FOLDER --out {data_root}',
)


@DATASETS.register_module()
class ChestXray14(ClassificationDataset):
    """ChestX-ray14, 14 findings."""

    METAINFO = _FACTS


@DATASETS.register_module()
class ChestXray14Pairs(ImageTextDataset):
    """ChestX-ray14 for image-text methods; texts come from labels."""

    METAINFO = {**_FACTS, 'classes': (*CHEST_XRAY14_CLASSES, 'No Finding')}
