# Synthetic pneumothoraces with a small U-Net, from random weights, in a minute or two on
# two CPU cores: a ResNet-18 of half the width, decoded to half the size.
#   python tools/train.py \
#       configs/benchmarks/segmentation/synthetic/unet_r18_1xb16-200_synthetic-96px.py
_base_ = [
    '../../../_base_/models/unet_r18.py',
    '../../../_base_/datasets/synthetic_seg_96.py',
    '../../../_base_/default_runtime.py',
]
model = dict(
    data_preprocessor=dict(size=(96, 96), test_cfg=dict(size=(96, 96))),
    backbone=dict(stem_channels=32, base_channels=32),
    neck=dict(in_channels=(32, 64, 128, 256), channels=(128, 64, 32, 16)))
train_dataloader = dict(
    batch_size=16, sampler=dict(_delete_=True, type='PositiveSampler', infinite=True))
optim_wrapper = dict(
    type='OptimWrapper', optimizer=dict(type='AdamW', lr=1e-3, weight_decay=1e-4))
param_scheduler = dict(type='WarmupCosineLR', warmup=20, by_epoch=False)
train_cfg = dict(by_epoch=False, max_iters=200, val_interval=100)
val_cfg = dict()
test_cfg = dict()
log_processor = dict(by_epoch=False)
default_hooks = dict(
    checkpoint=dict(
        by_epoch=False, interval=100, save_best='segmentation/dice_foreground',
        rule='greater'))
