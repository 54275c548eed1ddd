"""RSNA Pneumonia Detection Challenge, stage 2."""

from mmcxr.registry import DATASETS

from .classification import ClassificationDataset


@DATASETS.register_module()
class RSNAPneumonia(ClassificationDataset):
    """RSNA Pneumonia, one label.

    The challenge's "patientId" names an image. All images come from ChestX-ray14,
    where most patients have several.
    """

    METAINFO = dict(
        dataset='rsna',
        classes=('Pneumonia',),
        licence='rules of the RSNA Pneumonia Detection Challenge (Kaggle)',
        citation='Shih et al., Radiology: Artificial Intelligence 2019, '
        'https://doi.org/10.1148/ryai.2019180041',
        convert='python tools/dataset_converters/cxr_clip_csv.py '
        'rsna CSV_FOLDER IMAGE_FOLDER --out {data_root}',
    )
