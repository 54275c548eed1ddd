# MRM fine-tuned on RSNA Pneumonia, 10 % of the training films; see
# finetune_mrm_vit-b16.py.
_base_ = [
    '../../../_base_/models/film-classifier_mrm_vit-b16.py',
    '../../../_base_/recipes/mrm_rsna_10pct.py',
]
model = dict(head=dict(num_classes=1))
