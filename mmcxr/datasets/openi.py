"""Open-I, the Indiana University collection."""

from mmcxr.registry import DATASETS

from .image_text import ImageTextDataset


@DATASETS.register_module()
class OpenI(ImageTextDataset):
    """Open-I: studies with reports."""

    METAINFO = dict(
        dataset='openi',
        classes=(),
        licence='CC BY-NC-ND 4.0',
        citation='Demner-Fushman et al., JAMIA 2016, '
        'https://doi.org/10.1093/jamia/ocv080',
        convert='python tools/dataset_converters/cxr_clip_csv.py '
        'openi CSV_FOLDER IMAGE_FOLDER --out {data_root}',
    )
