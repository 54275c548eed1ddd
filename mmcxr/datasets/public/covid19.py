"""COVID-19 Image Data Collection."""

from mmcxr.datasets.classification import ClassificationDataset
from mmcxr.datasets.image_text import ImageTextDataset
from mmcxr.datasets.segmentation import SegmentationDataset
from mmcxr.registry import DATASETS

#: What the converter reads out of the column ``finding``.
COVID19_CLASSES = (
    'No Finding',
    'Pneumonia',
    'COVID-19',
    'Viral Pneumonia',
    'Bacterial Pneumonia',
    'Fungal Pneumonia',
    'ARDS',
    'Tuberculosis',
)
_FACTS = dict(
    dataset='covid19',
    classes=COVID19_CLASSES,
    licence='one Creative Commons licence per image, in column extra_license',
    citation='Cohen et al., 2020, https://arxiv.org/abs/2006.11988',
    convert='python tools/prepare_dataset.py covid19 SOURCE --out {data_root}',
)


@DATASETS.register_module()
class COVID19(ClassificationDataset):
    """Causes of pneumonia."""

    METAINFO = _FACTS


@DATASETS.register_module()
class COVID19Pairs(ImageTextDataset):
    """Films with the notes of the collection, as ``findings``."""

    METAINFO = _FACTS


@DATASETS.register_module()
class COVID19LungSeg(SegmentationDataset):
    """Lungs, outlined by annotators or by a model."""

    METAINFO = {
        **_FACTS,
        'classes': ('background', 'lung'),
        'palette': [[0, 0, 0], [64, 160, 255]],
        'mask_column': 'mask_lungs',
    }
