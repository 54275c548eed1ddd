# CXR-CLIP's Swin-Tiny in place of MRM's encoder, all else as in
# finetune_mrm_vit-b16_covid.py.
_base_ = [
    '../../../_base_/models/film-classifier_cxr-clip_swin-t.py',
    '../../../_base_/recipes/mrm_covid19_covid.py',
]
model = dict(head=dict(num_classes=1))
