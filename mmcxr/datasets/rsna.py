"""RSNA Pneumonia Detection Challenge, stage 2."""

from mmcxr.registry import DATASETS

from .classification import ClassificationDataset
from .segmentation import SegmentationDataset

_FACTS = dict(
    dataset='rsna',
    licence='rules of the RSNA Pneumonia Detection Challenge (Kaggle)',
    citation='Shih et al., Radiology: Artificial Intelligence 2019, '
    'https://doi.org/10.1148/ryai.2019180041',
)


@DATASETS.register_module()
class RSNAPneumonia(ClassificationDataset):
    """RSNA Pneumonia, one label.

    The challenge's "patientId" names an image. All images come from ChestX-ray14,
    where most patients have several.
    """

    METAINFO = {
        **_FACTS,
        'classes': ('Pneumonia',),
        'convert': 'python tools/dataset_converters/cxr_clip_csv.py '
        'rsna CSV_FOLDER IMAGE_FOLDER --out {data_root}',
    }


@DATASETS.register_module()
class RSNAPneumoniaSeg(SegmentationDataset):
    """RSNA Pneumonia, its boxes as masks, as BenchX segments it."""

    METAINFO = {
        **_FACTS,
        'classes': ('background', 'pneumonia'),
        'palette': [[0, 0, 0], [255, 64, 64]],
        'box_labels': 'all',
        'empty_mask': 'Pneumonia',
        'convert': 'python tools/dataset_converters/rsna.py SOURCE --out {data_root}',
    }
