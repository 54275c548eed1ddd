"""Facts of the synthetic films; :mod:`mmcxr.synthetic` draws them."""

from mmcxr.datasets.classification import ClassificationDataset
from mmcxr.datasets.image_text import ImageTextDataset
from mmcxr.datasets.segmentation import SegmentationDataset
from mmcxr.registry import DATASETS

_FACTS = dict(
    dataset='synthetic',
    classes=(
        'No Finding',
        'Cardiomegaly',
        'Pleural Effusion',
        'Pneumothorax',
        'Consolidation',
        'Nodule',
        'Atelectasis',
        'Edema',
    ),
    licence='none: the films are drawn',
    citation='drawn by mmcxr',
    convert='python tools/prepare_dataset.py synthetic --out {data_root}',
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
