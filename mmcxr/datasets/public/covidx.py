"""COVIDx CXR-4."""

from mmcxr.datasets.classification import ClassificationDataset
from mmcxr.datasets.tables.reported_counts import ReportedCounts
from mmcxr.registry import DATASETS

#: Rows of the lists. They name some films again, so a table has fewer images: the
#: converter holds the rows to these numbers, and no release is called so.
COVIDX_ROWS = ReportedCounts(
    'abstract of the paper; rows of train.txt, val.txt and test.txt',
    'CXR-4, rows of the lists',
    images=84_818,
    patients=45_342,
    splits=dict(official=dict(train=67_863, val=8_473, test=8_482)),
)


@DATASETS.register_module()
class COVIDx(ClassificationDataset):
    """COVIDx CXR-4, COVID-19 or not, from several collections.

    Among these is RSNA's, so negative films are films of ChestX-ray14.
    """

    METAINFO = dict(
        dataset='covidx',
        classes=('COVID-19',),
        licence='terms of each source, at '
        'https://www.kaggle.com/datasets/andyczhao/covidx-cxr2',
        citation='Wu et al., 2023, https://arxiv.org/abs/2311.17677',
        convert='python tools/prepare_dataset.py covidx SOURCE --out {data_root}',
    )
