"""PadChest."""

from mmcxr.datasets.classification import ClassificationDataset
from mmcxr.datasets.tables.reported_counts import ReportedCounts
from mmcxr.registry import DATASETS

#: Findings of at least 500 images, as the table spells them.
PADCHEST_FINDINGS = (
    'adenopathy',
    'air trapping',
    'alveolar pattern',
    'aortic atheromatosis',
    'aortic elongation',
    'apical pleural thickening',
    'artificial heart valve',
    'atelectasis',
    'bronchiectasis',
    'bronchovascular markings',
    'bullas',
    'calcified adenopathy',
    'calcified densities',
    'calcified granuloma',
    'calcified pleural thickening',
    'callus rib fracture',
    'cardiomegaly',
    'cavitation',
    'central venous catheter via jugular vein',
    'central venous catheter via subclavian vein',
    'chest drain tube',
    'chronic changes',
    'consolidation',
    'COPD signs',
    'costophrenic angle blunting',
    'descendent aortic elongation',
    'diaphragmatic eventration',
    'dual chamber device',
    'emphysema',
    'endotracheal tube',
    'fibrotic band',
    'flattened diaphragm',
    'goiter',
    'granuloma',
    'gynecomastia',
    'heart insufficiency',
    'hemidiaphragm elevation',
    'hiatal hernia',
    'hilar congestion',
    'hilar enlargement',
    'hyperinflated lung',
    'hypoexpansion',
    'increased density',
    'infiltrates',
    'interstitial pattern',
    'kyphosis',
    'laminar atelectasis',
    'lobar atelectasis',
    'mammary prosthesis',
    'mastectomy',
    'metal',
    'minor fissure thickening',
    'nipple shadow',
    'nodule',
    'normal',
    'NSG tube',
    'osteopenia',
    'osteosynthesis material',
    'pacemaker',
    'pleural effusion',
    'pleural thickening',
    'pneumonia',
    'pneumothorax',
    'pseudonodule',
    'pulmonary edema',
    'pulmonary fibrosis',
    'pulmonary mass',
    'reservoir central venous catheter',
    'reticular interstitial pattern',
    'rib fracture',
    'sclerotic bone lesion',
    'scoliosis',
    'single chamber device',
    'sternotomy',
    'superior mediastinal enlargement',
    'supra aortic elongation',
    'suture material',
    'tracheal shift',
    'tracheostomy tube',
    'tuberculosis sequelae',
    'vascular hilar enlargement',
    'vertebral anterior compression',
    'vertebral degenerative changes',
    'volume loss',
)
_TABLE = 'PADCHEST_chest_x_ray_images_labels_160K_01.02.19.csv'
PADCHEST_COUNTS = (
    ReportedCounts(
        f'{_TABLE}: 109,931 StudyIDs, of which one is under two patients',
        images=160_861,
        patients=67_625,
        studies=109_932,
        splits=dict(labelled_by=dict(physician=39_053, model=121_808)),
        positive={
            'normal': 50_616,
            'cardiomegaly': 15_022,
            'pleural effusion': 9_853,
            'pneumonia': 7_953,
            'nodule': 3_748,
            'atelectasis': 2_905,
            'pneumothorax': 533,
            'pulmonary edema': 1_456,
            'consolidation': 2_497,
            'emphysema': 1_538,
        },
    ),
)


@DATASETS.register_module()
class PadChest(ClassificationDataset):
    """PadChest, the findings of at least 500 images.

    Physicians labelled 39,053 images (split scheme ``labelled_by``), a network trained
    on their labels the others. Reports are Spanish word stems without accents.
    """

    METAINFO = dict(
        dataset='padchest',
        classes=PADCHEST_FINDINGS,
        licence='PadChest Dataset Research Use Agreement',
        citation='Bustos et al., Medical Image Analysis 2020, '
        'https://arxiv.org/abs/1901.07441',
        convert='python tools/prepare_dataset.py padchest SOURCE --out {data_root}',
    )
