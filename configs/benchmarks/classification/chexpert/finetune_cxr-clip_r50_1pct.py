# CXR-CLIP's ResNet-50 in place of MRM's encoder, all else as in
# finetune_mrm_vit-b16_1pct.py: 1 % of the training films. CXR-CLIP's own recipe is
# that of linear-probe_cxr-clip_r50.py.
_base_ = [
    '../../../_base_/models/film-classifier_cxr-clip_r50.py',
    '../../../_base_/recipes/mrm_chexpert_1pct.py',
]
model = dict(head=dict(num_classes=5))
