"""Object-CXR, foreign objects."""

from mmcxr.datasets.classification import ClassificationDataset
from mmcxr.datasets.segmentation import SegmentationDataset
from mmcxr.datasets.tables.reported_counts import ReportedCounts
from mmcxr.registry import DATASETS

_FACTS = dict(
    dataset='object-cxr',
    licence='none stated; from the JF Healthcare challenge',
    citation='JF Healthcare, MIDL 2020, https://github.com/hlk-1135/object-CXR',
    convert='python tools/prepare_dataset.py object-cxr SOURCE --out {data_root}',
)
OBJECT_CXR_COUNTS = (
    ReportedCounts(
        'https://github.com/hlk-1135/object-CXR, section Data',
        images=10_000,
        positive={'Foreign object': 5_000},
        negative={'Foreign object': 5_000},
        masks=dict(mask=5_000),
        splits=dict(official=dict(train=8_000, val=1_000, test=1_000)),
    ),
)


@DATASETS.register_module()
class ObjectCXR(ClassificationDataset):
    """Object-CXR, a foreign object in the lung fields or none."""

    METAINFO = {**_FACTS, 'classes': ('Foreign object',)}


@DATASETS.register_module()
class ObjectCXRSeg(SegmentationDataset):
    """Object-CXR, foreign objects; a film without any is all background.

    They are outlined by rectangles, ellipses and polygons, so masks come from files.
    """

    METAINFO = {
        **_FACTS,
        'classes': ('background', 'foreign object'),
        'palette': [[0, 0, 0], [255, 64, 64]],
        'empty_mask': 'Foreign object',
    }
