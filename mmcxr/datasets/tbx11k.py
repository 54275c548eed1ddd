"""TBX11K, tuberculosis."""

from mmcxr.registry import DATASETS

from .segmentation import SegmentationDataset


@DATASETS.register_module()
class TBX11KSeg(SegmentationDataset):
    """TBX11K, the boxes of tuberculosis as masks, active or not, as in BenchX.

    Films of other diseases are all background, as healthy ones are. A film of
    tuberculosis without a box is left out.
    """

    METAINFO = dict(
        dataset='tbx11k',
        classes=('background', 'tuberculosis'),
        palette=[[0, 0, 0], [255, 64, 64]],
        box_labels='all',
        empty_mask='Tuberculosis',
        licence='terms at https://mmcheng.net/tb',
        citation='Liu et al., CVPR 2020, https://doi.org/10.1109/CVPR42600.2020.00272',
        convert='python tools/dataset_converters/tbx11k.py SOURCE --out {data_root}',
    )
