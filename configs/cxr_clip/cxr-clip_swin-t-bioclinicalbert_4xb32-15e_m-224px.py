# CXR-CLIP (https://arxiv.org/abs/2310.13292), Swin-Tiny, pre-trained on MIMIC-CXR.
#
#   bash tools/dist_train.sh \
#       configs/cxr_clip/cxr-clip_swin-t-bioclinicalbert_4xb32-15e_m-224px.py 4
#
# Expected values: the paper's tables; see model_zoo.md for what has been read.
# Differs from the released code where that departs from its own intent: views are
# distinct, sentences are shuffled, biases, norms and the temperature are not
# decayed, the temperature is bounded, validation does not draw, the feature is
# the mean over the grid and not its corner, drop path grows with depth.
# The released behaviour is in cxr-clip_swin-t-bioclinicalbert_4xb32-15e_m-224px_released.py.
_base_ = [
    '../_base_/models/cxr-clip_swin-t.py',
    '../_base_/datasets/study_pairs_224.py',
    '../_base_/schedules/adamw-5e-5_cosine-15e.py',
    '../_base_/default_runtime.py',
]
model = dict(
    image_backbone=dict(
        init_cfg=dict(
            type='Pretrained',
            checkpoint='https://download.openmmlab.com/mmclassification/v0/'
            'swin-transformer/swin_tiny_patch4_window7_224-160bb0a5.pth',
            prefix='backbone.')),
    text_backbone=dict(config='emilyalsentzer/Bio_ClinicalBERT', pretrained=True))

# The best checkpoint is that of the lowest validation loss, as released.
default_hooks = dict(
    checkpoint=dict(save_best='contrastive/total', rule='less'))
