# Synthetic pneumothoraces on the encoder of the synthetic MRM, all of it trained: what
# `make demo` segments with, a minute or two on two CPU cores.
#   python tools/train.py \
#       configs/benchmarks/segmentation/synthetic/upernet_mrm_vit-mini_1xb8-400_synthetic-192px.py \
#       --cfg-options model.backbone.init_cfg.checkpoint=CHECKPOINT
# Pre-training saw 96 px, but mostly cuttings: a whole film of 192 px has their scale.
# The same at 192 px.
_base_ = [
    '../../../_base_/models/upernet_vit-b16_512.py',
    '../../../_base_/datasets/synthetic_seg_96.py',
    '../../../_base_/default_runtime.py',
]
film_pipeline = [dict(type='Resize', scale=(192, 192), keep_ratio=True)]
train_pipeline = [
    dict(type='LoadFilm'),
    dict(type='LoadFilmMask'),
    *film_pipeline,
    dict(type='RandomFlip', prob=0.5),
    _base_._pack,
]
test_pipeline = [
    dict(type='LoadFilm'),
    *film_pipeline,
    dict(type='LoadFilmMask'),
    _base_._pack,
]
train_dataloader = dict(
    dataset=dict(pipeline=train_pipeline),
    batch_size=8,
    sampler=dict(
        _delete_=True,
        type='PositiveSampler',
        negatives_per_positive=1.0,
        infinite=True))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
model = dict(
    data_preprocessor=dict(size=(192, 192), test_cfg=dict(size=(192, 192))),
    backbone=dict(
        _delete_=True,
        type='mmpretrain.VisionTransformer',
        arch=dict(
            embed_dims=128, num_layers=4, num_heads=4, feedforward_channels=512),
        img_size=192,
        patch_size=16,
        out_type='featmap',
        out_indices=(0, 1, 2, 3),
        final_norm=False,
        init_cfg=dict(
            type='Pretrained', checkpoint='checkpoints/synthetic_mrm.pth',
            prefix='backbone.', allow_unexpected=['ln1.*'])),
    neck=dict(embed_dim=128),
    # Cross-entropy, and the soft Dice of the pneumothorax (class 0 is left out), which an
    # empty mask leaves alone; MRM's, which punishes whatever is found there, needs longer.
    # With plain cross-entropy nothing was found at all after as many updates.
    decode_head=dict(
        in_channels=[128] * 4, channels=32,
        loss_decode=[
            dict(type='mmseg.CrossEntropyLoss', class_weight=[1., 2.]),
            dict(
                type='mmseg.DiceLoss', use_sigmoid=False, ignore_index=0,
                loss_weight=3.0),
        ]),
    auxiliary_head=dict(
        in_channels=128, channels=32,
        loss_decode=[
            dict(
                type='mmseg.CrossEntropyLoss', class_weight=[1., 2.],
                loss_weight=0.4),
        ]))
optim_wrapper = dict(
    type='OptimWrapper', optimizer=dict(type='AdamW', lr=1e-3, weight_decay=0.05))
param_scheduler = dict(type='WarmupCosineLR', warmup=30, by_epoch=False)
train_cfg = dict(by_epoch=False, max_iters=400, val_interval=200)
val_cfg = dict()
test_cfg = dict()
log_processor = dict(by_epoch=False)
default_hooks = dict(
    checkpoint=dict(
        by_epoch=False, interval=200, save_best='segmentation/dice_foreground',
        rule='greater'))
