"""REFLACX, readings of MIMIC-CXR films by radiologists."""

from mmcxr.datasets.classification import ClassificationDataset
from mmcxr.datasets.tables.reported_counts import ReportedCounts
from mmcxr.registry import DATASETS

#: What readers were asked for in phases 2 and 3, with a certainty of 0 to 5.
REFLACX_FINDINGS = (
    'Abnormal mediastinal contour',
    'Acute fracture',
    'Atelectasis',
    'Consolidation',
    'Enlarged cardiac silhouette',
    'Enlarged hilum',
    'Groundglass opacity',
    'Hiatal hernia',
    'High lung volume / emphysema',
    'Interstitial lung disease',
    'Lung nodule or mass',
    'Pleural abnormality',
    'Pneumothorax',
    'Pulmonary edema',
)
#: What they were asked for in phase 1.
REFLACX_FIRST_FINDINGS = (
    'Airway wall thickening',
    'Atelectasis',
    'Consolidation',
    'Emphysema',
    'Enlarged cardiac silhouette',
    'Fibrosis',
    'Fracture',
    'Groundglass opacity',
    'Mass',
    'Nodule',
    'Pleural effusion',
    'Pleural thickening',
    'Pneumothorax',
    'Pulmonary edema',
    'Wide mediastinum',
)
REFLACX_COUNTS = (
    ReportedCounts(
        'read-me of https://physionet.org/content/reflacx-xray-localization/1.0.0/',
        images=2_616,
        patients=2_199,
    ),
)


@DATASETS.register_module()
class REFLACX(ClassificationDataset):
    """REFLACX, the findings of phases 2 and 3 and support devices.

    Of films of phase 1 the findings that were not asked for there are unknown.
    """

    METAINFO = dict(
        dataset='reflacx',
        classes=(*REFLACX_FINDINGS, 'Support devices'),
        licence='PhysioNet Credentialed Health Data License 1.5.0, as MIMIC-CXR, whose '
        'films these are',
        citation='Bigolin Lanfredi et al., Scientific Data 2022, '
        'https://doi.org/10.1038/s41597-022-01441-z',
        convert='python tools/prepare_dataset.py reflacx SOURCE --out {data_root}',
    )
