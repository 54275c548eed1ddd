"""JSRT, films with and without a lung nodule."""

from mmcxr.datasets.classification import ClassificationDataset
from mmcxr.datasets.segmentation import SegmentationDataset
from mmcxr.datasets.tables.reported_counts import ReportedCounts
from mmcxr.registry import DATASETS

_FACTS = dict(
    dataset='jsrt',
    licence='terms of the JSRT at http://db.jsrt.or.jp/eng.php; of the outlines, '
    'research and teaching only, at https://www.isi.uu.nl/Research/Databases/SCR/',
    citation='Shiraishi et al., American Journal of Roentgenology 2000, '
    'https://doi.org/10.2214/ajr.174.1.1740071; outlines: van Ginneken et al., Medical '
    'Image Analysis 2006, https://doi.org/10.1016/j.media.2005.02.002',
    convert='python tools/prepare_dataset.py jsrt SOURCE --out {data_root}',
)
#: The outlines of SCR by the names of their folders.
JSRT_STRUCTURES = (
    'left lung',
    'right lung',
    'heart',
    'left clavicle',
    'right clavicle',
)
JSRT_COUNTS = (
    ReportedCounts(
        'http://db.jsrt.or.jp/eng.php',
        images=247,
        positive={'Nodule': 154, 'Malignant nodule': 100},
        negative={'Nodule': 93, 'Malignant nodule': 54 + 93},
    ),
    ReportedCounts(
        'https://www.isi.uu.nl/Research/Databases/SCR/data.php',
        'with outlines',
        masks={
            f'mask_{name.replace(" ", "_")}': 247
            for name in (*JSRT_STRUCTURES, 'lungs')
        },
    ),
)


@DATASETS.register_module()
class JSRT(ClassificationDataset):
    """JSRT, a solitary lung nodule or none; each film is a patient of its own."""

    METAINFO = {**_FACTS, 'classes': ('Nodule',)}


@DATASETS.register_module()
class JSRTLungSeg(SegmentationDataset):
    """Lungs of the JSRT films, as SCR's first observer outlined them."""

    METAINFO = {
        **_FACTS,
        'classes': ('background', 'lung'),
        'palette': [[0, 0, 0], [64, 160, 255]],
        'mask_column': 'mask_lungs',
    }
