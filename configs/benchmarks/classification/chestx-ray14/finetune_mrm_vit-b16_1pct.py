# MRM fine-tuned on NIH ChestX-ray14, 1 % of the training films; see
# finetune_mrm_vit-b16.py.
_base_ = [
    '../../../_base_/models/film-classifier_mrm_vit-b16.py',
    '../../../_base_/recipes/mrm_chestx-ray14_1pct.py',
]
model = dict(head=dict(num_classes=14))
