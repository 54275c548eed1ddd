"""Open-I, the Indiana University collection."""

from mmcxr.datasets.classification import ClassificationDataset
from mmcxr.datasets.image_text import ImageTextDataset
from mmcxr.datasets.tables.reported_counts import ReportedCounts
from mmcxr.registry import DATASETS

#: Labels that torchxrayvision reads out of the MeSH terms of the reports, and the words
#: that stand for them there: any term that holds one of them counts.
OPENI_WORDS = {
    'Atelectasis': ('atelectasis', 'atelectases'),
    'Calcified Granuloma': ('calcified granuloma',),
    'Cardiomegaly': ('cardiomegaly',),
    'Edema': ('edema',),
    'Effusion': ('effusion',),
    'Emphysema': ('emphysema',),
    'Fibrosis': ('fibrosis',),
    'Fracture': ('fracture',),
    'Granuloma': ('granuloma',),
    'Hernia': ('hernia',),
    'Infiltration': ('infiltration', 'infiltrate'),
    'Lung Lesion': ('lesion',),
    'Lung Opacity': ('opacity',),
    'Mass': ('mass',),
    'Nodule': ('nodule',),
    'Pleural Thickening': ('pleural thickening', 'thickening/pleura'),
    'Pneumonia': ('pneumonia',),
    'Pneumothorax': ('pneumothorax',),
}
OPENI_COUNTS = (
    ReportedCounts('https://openi.nlm.nih.gov/faq', images=7_470),
    ReportedCounts(
        'NLMCXR_reports.tgz: 3,955 reports, of which 104 have no image, and 25 of the '
        'others neither findings nor impression',
        patients=3_851,
        studies=3_851,
        reports=3_826,
    ),
)
_FACTS = dict(
    dataset='openi',
    licence='CC BY-NC-ND 4.0',
    citation='Demner-Fushman et al., JAMIA 2016, https://doi.org/10.1093/jamia/ocv080',
    convert='python tools/prepare_dataset.py openi SOURCE --out {data_root}',
)


@DATASETS.register_module()
class OpenI(ImageTextDataset):
    """Open-I: studies with reports."""

    METAINFO = {**_FACTS, 'classes': ()}


@DATASETS.register_module()
class OpenIMeSH(ClassificationDataset):
    """Open-I: 18 labels out of the MeSH terms of the reports; see the converter."""

    METAINFO = {**_FACTS, 'classes': tuple(OPENI_WORDS)}
