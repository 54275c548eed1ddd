"""VinDr-CXR."""

from mmcxr.datasets.classification import ClassificationDataset
from mmcxr.datasets.tables.reported_counts import ReportedCounts
from mmcxr.registry import DATASETS

#: The columns of the label files: 22 findings, then 6 of the whole film.
VINDR_COLUMNS = (
    'Aortic enlargement',
    'Atelectasis',
    'Calcification',
    'Cardiomegaly',
    'Clavicle fracture',
    'Consolidation',
    'Edema',
    'Emphysema',
    'Enlarged PA',
    'ILD',
    'Infiltration',
    'Lung Opacity',
    'Lung cavity',
    'Lung cyst',
    'Mediastinal shift',
    'Nodule/Mass',
    'Pleural effusion',
    'Pleural thickening',
    'Pneumothorax',
    'Pulmonary fibrosis',
    'Rib fracture',
    'Other lesion',
    'COPD',
    'Lung tumor',
    'Pneumonia',
    'Tuberculosis',
    'Other diseases',
    'No finding',
)
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
#: How the labels of three readers become one: see the converter.
VINDR_RULES = ('any', 'majority', 'agreed')
_KAGGLE = 'https://www.kaggle.com/c/vinbigdata-chest-xray-abnormalities-detection/data'
VINDR_COUNTS = (
    ReportedCounts(
        'abstract of the paper',
        'PhysioNet 1.0.0',
        images=18_000,
        splits=dict(official=dict(train=15_000, test=3_000)),
    ),
    ReportedCounts(f'train.csv of {_KAGGLE}', 'Kaggle', images=15_000),
    ReportedCounts(
        f'train.csv of {_KAGGLE}, 67,914 rows',
        'Kaggle, any',
        boxes=36_096,
        positive={
            'Aortic enlargement': 3_067,
            'Atelectasis': 186,
            'Calcification': 452,
            'Cardiomegaly': 2_300,
            'Consolidation': 353,
            'ILD': 386,
            'Infiltration': 613,
            'Lung Opacity': 1_322,
            'Nodule/Mass': 826,
            'Pleural effusion': 1_032,
            'Pleural thickening': 1_981,
            'Pneumothorax': 96,
            'Pulmonary fibrosis': 1_617,
            'Other lesion': 1_134,
            'No finding': 10_606,
        },
    ),
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
        convert='python tools/prepare_dataset.py vindr-cxr SOURCE --out {data_root}',
    )
