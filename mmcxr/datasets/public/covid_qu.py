"""COVID-QU, which is the COVID-19 Radiography Database."""

from mmcxr.datasets.classification import ClassificationDataset
from mmcxr.datasets.segmentation import SegmentationDataset
from mmcxr.datasets.tables.reported_counts import ReportedCounts
from mmcxr.registry import DATASETS

COVID_QU_CLASSES = ('COVID', 'Lung Opacity', 'Normal', 'Viral Pneumonia')
_PAGE = 'https://www.kaggle.com/datasets/tawsifurrahman/covid19-radiography-database'
_FACTS = dict(
    dataset='covid-qu',
    licence=f'terms at {_PAGE}',
    citation='Rahman et al., Computers in Biology and Medicine 2021, '
    'https://doi.org/10.1016/j.compbiomed.2021.104319',
    convert='python tools/prepare_dataset.py covid-qu SOURCE --out {data_root}',
)
COVID_QU_COUNTS = (
    ReportedCounts(
        _PAGE,
        images=21_165,
        positive={
            'COVID': 3_616,
            'Lung Opacity': 6_012,
            'Normal': 10_192,
            'Viral Pneumonia': 1_345,
        },
    ),
)


@DATASETS.register_module()
class COVIDQU(ClassificationDataset):
    """COVID-QU, one of four classes; KnoBo's lists split it."""

    METAINFO = {**_FACTS, 'classes': COVID_QU_CLASSES, 'exclusive': True}


@DATASETS.register_module()
class COVIDQULungSeg(SegmentationDataset):
    """Lungs of COVID-QU, outlined by a model."""

    METAINFO = {
        **_FACTS,
        'classes': ('background', 'lung'),
        'palette': [[0, 0, 0], [64, 160, 255]],
        'mask_column': 'mask_lungs',
    }
