# CXR-CLIP's ResNet-50 in place of MRM's encoder, all else as in
# finetune_mrm_vit-b16_viral.py.
_base_ = [
    '../../../_base_/models/film-classifier_cxr-clip_r50.py',
    '../../../_base_/recipes/mrm_covid19_viral.py',
]
model = dict(head=dict(num_classes=1))
