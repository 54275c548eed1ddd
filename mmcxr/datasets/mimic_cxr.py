"""MIMIC-CXR: studies with reports."""

from mmcxr.registry import DATASETS

from .chexpert import CHEXPERT_CLASSES
from .image_text import ImageTextDataset


@DATASETS.register_module()
class MIMICCXR(ImageTextDataset):
    """MIMIC-CXR(-JPG); labels are the CheXpert labeller's, where the table has them."""

    METAINFO = dict(
        dataset='mimic-cxr',
        classes=CHEXPERT_CLASSES,
        licence='PhysioNet Credentialed Health Data License 1.5.0',
        citation='Johnson et al., Scientific Data 2019, '
        'https://doi.org/10.1038/s41597-019-0322-0',
        convert='python tools/dataset_converters/cxr_clip_csv.py '
        'mimic-cxr CSV_FOLDER IMAGE_FOLDER --out {data_root}',
    )
