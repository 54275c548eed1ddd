"""BRAX, films of a hospital in Sao Paulo."""

from mmcxr.datasets.classification import ClassificationDataset
from mmcxr.datasets.tables.reported_counts import ReportedCounts
from mmcxr.registry import DATASETS

from .chexpert import CHEXPERT_CLASSES

BRAX_COUNTS = (ReportedCounts('abstract of the paper', images=40_967, studies=24_959),)


@DATASETS.register_module()
class BRAX(ClassificationDataset):
    """BRAX, the 14 observations of CheXpert of which -1 is uncertain.

    A Portuguese version of the CheXpert labeller read them in reports, which are not
    published. About a quarter of the films have no view, and twelve are thin strips
    (torchxrayvision counts both).
    """

    METAINFO = dict(
        dataset='brax',
        classes=CHEXPERT_CLASSES,
        licence='PhysioNet Credentialed Health Data License 1.5.0',
        citation='Reis et al., Scientific Data 2022, '
        'https://doi.org/10.1038/s41597-022-01608-8',
        convert='python tools/prepare_dataset.py brax SOURCE --out {data_root}',
    )
