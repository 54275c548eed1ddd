"""CheXpert, and GLoRIA's subset CheXpert 5x200."""

from mmcxr.registry import DATASETS

from .classification import ClassificationDataset
from .image_text import ImageTextDataset

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
_CONVERTER = 'python tools/dataset_converters/cxr_clip_csv.py'
_FOLDERS = 'CSV_FOLDER IMAGE_FOLDER --out {data_root}'
_FACTS = dict(
    dataset='chexpert',
    classes=CHEXPERT_CLASSES,
    licence='Stanford University Dataset Research Use Agreement',
    citation='Irvin et al., AAAI 2019, https://arxiv.org/abs/1901.07031',
    convert=f'{_CONVERTER} chexpert {_FOLDERS}',
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
        convert=f'{_CONVERTER} chexpert-5x200 {_FOLDERS}',
    )
