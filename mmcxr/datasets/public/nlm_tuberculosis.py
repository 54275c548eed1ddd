"""The tuberculosis films of the NLM: Shenzhen and Montgomery County."""

from mmcxr.datasets.classification import ClassificationDataset
from mmcxr.datasets.segmentation import SegmentationDataset
from mmcxr.datasets.tables.reported_counts import ReportedCounts
from mmcxr.registry import DATASETS

_FACTS = dict(
    licence='open, with the acknowledgement the NLM asks',
    citation='Jaeger et al., Quant Imaging Med Surg 2014, '
    'https://doi.org/10.3978/j.issn.2223-4292.2014.11.20',
)
_SHENZHEN = dict(
    dataset='shenzhen',
    convert='python tools/prepare_dataset.py shenzhen SOURCE --out {data_root}',
    **_FACTS,
)
_MONTGOMERY = dict(
    dataset='montgomery',
    convert='python tools/prepare_dataset.py montgomery SOURCE --out {data_root}',
    **_FACTS,
)
_LUNGS = dict(
    classes=('background', 'lung'),
    palette=[[0, 0, 0], [64, 160, 255]],
    mask_column='mask_lungs',
)
_PAGE = (
    'https://lhncbc.nlm.nih.gov/LHC-publications/pubs/'
    'TuberculosisChestXrayImageDataSets.html'
)
SHENZHEN_COUNTS = (
    ReportedCounts(
        _PAGE,
        images=662,
        positive=dict(Tuberculosis=336),
        negative=dict(Tuberculosis=326),
    ),
)
MONTGOMERY_COUNTS = (
    ReportedCounts(
        _PAGE,
        images=138,
        positive=dict(Tuberculosis=58),
        negative=dict(Tuberculosis=80),
        masks=dict(mask_lungs=138),
    ),
)


@DATASETS.register_module()
class Shenzhen(ClassificationDataset):
    """Films of Shenzhen No. 3 Hospital, tuberculosis or normal. TBX11K holds them."""

    METAINFO = {**_SHENZHEN, 'classes': ('Tuberculosis',)}


@DATASETS.register_module()
class ShenzhenLungSeg(SegmentationDataset):
    """Lungs of those Shenzhen films that have been outlined."""

    METAINFO = {**_SHENZHEN, **_LUNGS}


@DATASETS.register_module()
class Montgomery(ClassificationDataset):
    """Films of Montgomery County's screening, tuberculosis or normal."""

    METAINFO = {**_MONTGOMERY, 'classes': ('Tuberculosis',)}


@DATASETS.register_module()
class MontgomeryLungSeg(SegmentationDataset):
    """Lungs of the Montgomery films, outlined under a radiologist's supervision."""

    METAINFO = {**_MONTGOMERY, **_LUNGS}
