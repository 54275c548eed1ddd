# CXR-CLIP (https://arxiv.org/abs/2310.13292), ResNet-50, pre-trained on MIMIC-CXR.
#
#   bash tools/dist_train.sh \
#       configs/cxr_clip/cxr-clip_r50-bioclinicalbert_4xb32-15e_m-224px.py 4
#
# Expected values: the paper's tables; see model_zoo.md for what has been read.
# Differs from the released code where that departs from its own intent: views are
# distinct, sentences are shuffled, biases, norms and the temperature are not
# decayed, the temperature is bounded, validation does not draw.
# The released behaviour is in cxr-clip_r50-bioclinicalbert_4xb32-15e_m-224px_released.py.
# Films from a pack, which are read many times as fast:
#   python tools/misc/pack_dataset.py data/mimic-cxr --size 512 --workers 16
#   --cfg-options train_dataloader.dataset.pipeline.0.transforms.0.pack=512-jpeg
# Plain CLIP in CXR-CLIP's code, without image-image and text-text losses:
#   --cfg-options model.image_weight=0 model.text_weight=0 \
#       val_evaluator.image_weight=0 val_evaluator.text_weight=0
_base_ = [
    '../_base_/models/cxr-clip_r50.py',
    '../_base_/datasets/study_pairs_224.py',
    '../_base_/schedules/adamw-5e-5_cosine-15e.py',
    '../_base_/default_runtime.py',
]
model = dict(
    image_backbone=dict(
        init_cfg=dict(type='Pretrained', checkpoint='torchvision://resnet50')),
    text_backbone=dict(config='emilyalsentzer/Bio_ClinicalBERT', pretrained=True))
sync_bn = 'torch'  # as released; ignored where there is no GPU
# The best checkpoint is that of the lowest validation loss, as released.
default_hooks = dict(
    checkpoint=dict(save_best='contrastive/total', rule='less'))
