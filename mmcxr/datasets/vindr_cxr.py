"""VinDr-CXR."""

from mmcxr.registry import DATASETS

from .classification import ClassificationDataset

#: All labels of a film, in the order that CXR-CLIP's files list them.
VINDR_LABELS = (
    'Aortic enlargement',
    'Atelectasis',
    'Calcification',
    'Cardiomegaly',
    'Consolidation',
    'ILD',
    'Infiltration',
    'Lung Opacity',
    'Mediastinal shift',
    'Nodule/Mass',
    'Pleural effusion',
    'Pleural thickening',
    'Pneumothorax',
    'Pulmonary fibrosis',
    'Rib fracture',
    'Other lesion',
    'Lung tumor',
    'Pneumonia',
    'Tuberculosis',
    'Other diseases',
)


@DATASETS.register_module()
class VinDrCXR(ClassificationDataset):
    """VinDr-CXR, the 18 labels with more than ten positives in the test set.

    Patients are not published: each image is its own.
    """

    METAINFO = dict(
        dataset='vindr-cxr',
        classes=tuple(n for n in VINDR_LABELS if not n.startswith('Other ')),
        licence='PhysioNet Credentialed Health Data License 1.5.0',
        citation='Nguyen et al., Scientific Data 2022, '
        'https://doi.org/10.1038/s41597-022-01498-w',
        convert='python tools/dataset_converters/cxr_clip_csv.py '
        'vindr-cxr CSV_FOLDER IMAGE_FOLDER --out {data_root}',
    )
