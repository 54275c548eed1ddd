# UPerNet on a small vision transformer with relative positions, from random weights:
# the parts of MRM's segmentation in a few minutes on a CPU.
#   python tools/train.py \
#       configs/benchmarks/segmentation/synthetic/upernet_vit-tiny_1xb8-200_synthetic-96px.py
_base_ = [
    '../../../_base_/models/upernet_vit-b16_512.py',
    '../../../_base_/datasets/synthetic_seg_96.py',
    '../../../_base_/default_runtime.py',
]
model = dict(
    data_preprocessor=dict(size=(96, 96), test_cfg=dict(size=(96, 96))),
    backbone=dict(
        arch=dict(
            embed_dims=64, num_layers=4, num_heads=4, feedforward_channels=256),
        img_size=96,
        patch_size=8,
        out_indices=(0, 1, 2, 3)),
    neck=dict(embed_dim=64),
    decode_head=dict(in_channels=[64] * 4, channels=32),
    auxiliary_head=dict(in_channels=64, channels=16))
train_dataloader = dict(
    sampler=dict(_delete_=True, type='PositiveSampler', infinite=True))
optim_wrapper = dict(
    type='OptimWrapper', optimizer=dict(type='AdamW', lr=1e-3, weight_decay=0.05))
param_scheduler = dict(type='WarmupCosineLR', warmup=20, by_epoch=False)
train_cfg = dict(by_epoch=False, max_iters=200, val_interval=100)
val_cfg = dict()
test_cfg = dict()
log_processor = dict(by_epoch=False)
default_hooks = dict(
    checkpoint=dict(
        by_epoch=False, interval=100, save_best='segmentation/dice_image',
        rule='greater'))
