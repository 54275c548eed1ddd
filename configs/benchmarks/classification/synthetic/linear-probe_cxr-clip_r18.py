# A linear layer on the frozen encoder of the synthetic CXR-CLIP.
#   python tools/train.py \
#       configs/benchmarks/classification/synthetic/linear-probe_cxr-clip_r18.py \
#       --cfg-options model.backbone.init_cfg.checkpoint=CHECKPOINT
_base_ = [
    '../../../_base_/datasets/synthetic_96.py',
    '../../../_base_/default_runtime.py',
]
model = dict(
    type='FilmClassifier',
    data_preprocessor=dict(type='FilmPreprocessor', channels_last=True),
    backbone=dict(
        type='mmpretrain.ResNet', depth=18, base_channels=32, out_indices=(3, ),
        init_cfg=dict(
            type='Pretrained', checkpoint='checkpoints/synthetic.pth',
            prefix='image_backbone.')),
    head=dict(
        type='MultiLabelHead', num_classes=8, in_channels=256, uncertain='ignore'),
    freeze_backbone=True)
optim_wrapper = dict(
    type='OptimWrapper', optimizer=dict(type='AdamW', lr=1e-2, weight_decay=1e-4))
param_scheduler = dict(type='WarmupCosineLR', warmup=20, by_epoch=False)
train_cfg = dict(by_epoch=False, max_iters=200, val_interval=100)
val_cfg = dict()
log_processor = dict(by_epoch=False)
default_hooks = dict(
    checkpoint=dict(
        by_epoch=False, interval=100, save_best='classification/auroc',
        rule='greater'))
