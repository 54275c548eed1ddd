"""Object-CXR, foreign objects."""

from mmcxr.registry import DATASETS

from .segmentation import SegmentationDataset


@DATASETS.register_module()
class ObjectCXRSeg(SegmentationDataset):
    """Object-CXR, foreign objects; a film without any is all background.

    They are outlined by rectangles, ellipses and polygons, so masks come from files.
    """

    METAINFO = dict(
        dataset='object-cxr',
        classes=('background', 'foreign object'),
        palette=[[0, 0, 0], [255, 64, 64]],
        empty_mask='background',
        licence='none stated; from the JF Healthcare challenge',
        citation='JF Healthcare, MIDL 2020, https://github.com/hlk-1135/object-CXR',
        convert='python tools/dataset_converters/object_cxr.py SOURCE '
        '--out {data_root}',
    )
