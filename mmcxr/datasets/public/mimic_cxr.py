"""MIMIC-CXR: studies with reports."""

from mmcxr.datasets.image_text import ImageTextDataset
from mmcxr.datasets.tables.reported_counts import ReportedCounts
from mmcxr.registry import DATASETS

from .chexpert import CHEXPERT_CLASSES

#: Who may be asked for labels: two labellers of reports, and the radiologist who
#: labelled reports of the test set for release 2.1.0. See the converter.
MIMIC_LABELLERS = ('chexpert', 'negbio', 'radiologist')
MIMIC_COUNTS = tuple(
    claim
    for release in ('JPG', 'DICOM')
    for claim in (
        ReportedCounts(
            'abstract of the paper, and its section Background',
            release,
            images=377_110,
            patients=65_379,
            studies=227_835,
        ),
        ReportedCounts(
            'mimic-cxr-2.0.0-split.csv.gz, 377,110 rows',
            release,
            splits=dict(official=dict(train=368_960, val=2_991, test=5_159)),
        ),
    )
)


@DATASETS.register_module()
class MIMICCXR(ImageTextDataset):
    """MIMIC-CXR(-JPG); labels are the CheXpert labeller's, where the table has them."""

    METAINFO = dict(
        dataset='mimic-cxr',
        classes=CHEXPERT_CLASSES,
        licence='PhysioNet Credentialed Health Data License 1.5.0',
        citation='Johnson et al., Scientific Data 2019, '
        'https://doi.org/10.1038/s41597-019-0322-0',
        convert='python tools/prepare_dataset.py mimic-cxr SOURCE --out {data_root}',
    )
