# ConVIRT (https://arxiv.org/abs/2010.00747), ResNet-50, pre-trained on MIMIC-CXR.
#
#   python tools/train.py \
#       configs/convirt/convirt_r50-bioclinicalbert_1xb32-1000k_mimic-cxr-224px.py
#
# The paper's values, which the authors' trainer takes as options: both directions with
# 0.75 and 0.25, temperature 0.1, max pooling, six frozen layers, Adam (eps 1e-6) 1e-4,
# decay 1e-6, batch 32, gradients clipped at 5; the rate is halved where the loss in
# validation, every 5,000 updates, has not fallen for five times. An "epoch" is those
# 5,000, at most 200.
# Differs from it: bfloat16 in place of float16; the loss in validation is the mean of
# both directions, unweighted.
# Expected values: see model_zoo.md; none measured here.
_base_ = [
    '../_base_/models/convirt_r50.py',
    '../_base_/datasets/mimic-cxr_sentences_224.py',
    '../_base_/default_runtime.py',
]
model = dict(
    image_backbone=dict(
        init_cfg=dict(type='Pretrained', checkpoint='torchvision://resnet50')),
    text_backbone=dict(config='emilyalsentzer/Bio_ClinicalBERT', pretrained=True))
optim_wrapper = dict(
    type='AutocastOptimWrapper',
    optimizer=dict(type='Adam', lr=1e-4, eps=1e-6, weight_decay=1e-6),
    clip_grad=dict(max_norm=5))
param_scheduler = dict(
    type='ReduceOnPlateauLR', monitor='contrastive/total', factor=0.5, patience=5,
    min_value=1e-8)
train_cfg = dict(by_epoch=False, max_iters=1_000_000, val_interval=5000)
val_cfg = dict()
default_hooks = dict(
    checkpoint=dict(
        by_epoch=False, interval=5000, save_best='contrastive/total', rule='less'))
log_processor = dict(by_epoch=False)
