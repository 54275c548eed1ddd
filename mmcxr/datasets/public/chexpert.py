"""CheXpert, and GLoRIA's subset CheXpert 5x200."""

from mmcxr.datasets.classification import ClassificationDataset
from mmcxr.datasets.image_text import ImageTextDataset
from mmcxr.datasets.tables.reported_counts import ReportedCounts
from mmcxr.registry import DATASETS

#: The 14 observations of the CheXpert labeller.
CHEXPERT_CLASSES = (
    'No Finding',
    'Enlarged Cardiomediastinum',
    'Cardiomegaly',
    'Lung Opacity',
    'Lung Lesion',
    'Edema',
    'Consolidation',
    'Pneumonia',
    'Atelectasis',
    'Pneumothorax',
    'Pleural Effusion',
    'Pleural Other',
    'Fracture',
    'Support Devices',
)
_FACTS = dict(
    dataset='chexpert',
    classes=CHEXPERT_CLASSES,
    licence='Stanford University Dataset Research Use Agreement',
    citation='Irvin et al., AAAI 2019, https://arxiv.org/abs/1901.07031',
    convert='python tools/prepare_dataset.py chexpert SOURCE --out {data_root}',
)
#: The tables of which the release consists are its name.
CHEXPERT_COUNTS = (
    ReportedCounts(
        'train.csv, 223,414 rows',
        'train',
        images=223_414,
        patients=64_540,
        positive={
            'No Finding': 22_381,
            'Enlarged Cardiomediastinum': 10_798,
            'Cardiomegaly': 27_000,
            'Lung Opacity': 105_581,
            'Lung Lesion': 9_186,
            'Edema': 52_246,
            'Consolidation': 14_783,
            'Pneumonia': 6_039,
            'Atelectasis': 33_376,
            'Pneumothorax': 19_448,
            'Pleural Effusion': 86_187,
            'Pleural Other': 3_523,
            'Fracture': 9_040,
            'Support Devices': 116_001,
        },
    ),
    *(
        ReportedCounts(
            'train.csv, 223,414 rows; the other tables say nothing uncertain',
            release,
            splits=dict(official=dict(train=223_414)),
            uncertain={
                'Enlarged Cardiomediastinum': 12_403,
                'Cardiomegaly': 8_087,
                'Lung Opacity': 5_598,
                'Lung Lesion': 1_488,
                'Edema': 12_984,
                'Consolidation': 27_742,
                'Pneumonia': 18_770,
                'Atelectasis': 33_739,
                'Pneumothorax': 3_145,
                'Pleural Effusion': 11_628,
                'Pleural Other': 2_653,
                'Fracture': 642,
                'Support Devices': 1_079,
            },
        )
        for release in ('train', 'train, val', 'train, val, test')
    ),
    ReportedCounts(
        'train.csv, 223,414 rows, and valid.csv, 234 rows of 200 patients',
        'train, val',
        images=223_648,
        patients=64_740,
        splits=dict(official=dict(val=234)),
        positive={
            'Atelectasis': 33_376 + 80,
            'Cardiomegaly': 27_000 + 68,
            'Consolidation': 14_783 + 33,
            'Edema': 52_246 + 45,
            'Pleural Effusion': 86_187 + 67,
        },
    ),
    ReportedCounts(
        'abstract of the paper',
        'train, val, test',
        images=224_316,
        patients=65_240,
        splits=dict(official=dict(val=234, test=668)),
    ),
)


@DATASETS.register_module()
class CheXpert(ClassificationDataset):
    """CheXpert, labels of 14 observations of which -1 is uncertain."""

    METAINFO = _FACTS


@DATASETS.register_module()
class CheXpertPairs(ImageTextDataset):
    """CheXpert for image-text methods; without reports, texts come from labels."""

    METAINFO = _FACTS


@DATASETS.register_module()
class CheXpert5x200(ClassificationDataset):
    """1,000 frontal films of CheXpert, 200 positive for exactly one of 5 classes.

    Their impressions are in ``sections``, which makes it a retrieval set too.
    """

    METAINFO = dict(
        dataset='chexpert-5x200',
        classes=(
            'Atelectasis',
            'Cardiomegaly',
            'Consolidation',
            'Edema',
            'Pleural Effusion',
        ),
        exclusive=True,
        licence=_FACTS['licence'],
        citation='Huang et al., ICCV 2021, https://doi.org/10.1109/ICCV48922.2021.00391',
        convert='python tools/prepare_dataset.py chexpert-5x200 SOURCE '
        '--out {data_root}',
    )


CHEXPERT_5X200_COUNTS = (
    ReportedCounts(
        "GLoRIA's chexpert_5x200.csv, github.com/marshuang80/gloria",
        images=1_000,
        positive=dict.fromkeys(CheXpert5x200.METAINFO['classes'], 200),
    ),
)
