"""Facts of the synthetic films; :mod:`mmcxr.datasets.synthetic` draws them."""

from mmcxr.registry import DATASETS

from .classification import ClassificationDataset
from .image_text import ImageTextDataset
from .segmentation import SegmentationDataset
from .synthetic.plan import CLASSES

_FACTS = dict(
    dataset='synthetic',
    classes=CLASSES,
    licence='none: the films are drawn',
    citation='drawn by mmcxr',
    convert='python tools/dataset_converters/synthetic.py --out {data_root}',
)


@DATASETS.register_module()
class SyntheticFilms(ClassificationDataset):
    """Synthetic films with their labels."""

    METAINFO = _FACTS


@DATASETS.register_module()
class SyntheticPairs(ImageTextDataset):
    """Synthetic studies with their reports."""

    METAINFO = _FACTS


@DATASETS.register_module()
class SyntheticPneumothoraxSeg(SegmentationDataset):
    """Synthetic films with the mask of the pneumothorax, if there is one."""

    METAINFO = {
        **_FACTS,
        'classes': ('background', 'pneumothorax'),
        'palette': [[0, 0, 0], [255, 64, 64]],
        'empty_mask': 'background',
    }
