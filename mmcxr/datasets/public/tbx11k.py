"""TBX11K, tuberculosis."""

from mmcxr.datasets.classification import ClassificationDataset
from mmcxr.datasets.segmentation import SegmentationDataset
from mmcxr.datasets.tables.reported_counts import ReportedCounts
from mmcxr.registry import DATASETS

_FACTS = dict(
    dataset='tbx11k',
    licence='terms at https://mmcheng.net/tb',
    citation='Liu et al., CVPR 2020, https://doi.org/10.1109/CVPR42600.2020.00272',
    convert='python tools/prepare_dataset.py tbx11k SOURCE --out {data_root}',
)
_PAGE = 'https://datasetninja.com/tbx-11k'
TBX11K_COUNTS = (
    # The paper's table counts the films; one of those with latent tuberculosis
    # (tb1199.png) has no annotation, which makes 139 of its 140.
    ReportedCounts(
        'table 2 of the paper',
        positive={'Tuberculosis': 800},
        negative={'Tuberculosis': 7_600},
        splits=dict(official=dict(train=6_600, val=1_800)),
    ),
    ReportedCounts(
        _PAGE,
        positive={'ActiveTuberculosis': 660, 'ObsoletePulmonaryTuberculosis': 169},
        boxes=1_211,
    ),
    ReportedCounts('table 2 of the paper', 'labelled films', images=8_400),
    ReportedCounts(
        _PAGE,
        'with test films',
        images=11_702,
        splits=dict(official=dict(test=3_302)),
    ),
)


@DATASETS.register_module()
class TBX11K(ClassificationDataset):
    """TBX11K, tuberculosis or not.

    The table also has the columns Healthy, Sick (another disease),
    ActiveTuberculosis and ObsoletePulmonaryTuberculosis (latent). The test films have
    no published label.
    """

    METAINFO = {**_FACTS, 'classes': ('Tuberculosis',)}


@DATASETS.register_module()
class TBX11KSeg(SegmentationDataset):
    """TBX11K, the boxes of tuberculosis as masks, active or not, as in BenchX.

    Films of other diseases are all background, as healthy ones are. A film of
    tuberculosis without a box is left out.
    """

    METAINFO = {
        **_FACTS,
        'classes': ('background', 'tuberculosis'),
        'palette': [[0, 0, 0], [255, 64, 64]],
        'box_labels': 'all',
        'empty_mask': 'Tuberculosis',
    }
