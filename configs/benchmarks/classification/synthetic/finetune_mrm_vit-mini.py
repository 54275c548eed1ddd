# The encoder of the synthetic MRM fine-tuned on synthetic films.
#   python tools/train.py \
#       configs/benchmarks/classification/synthetic/finetune_mrm_vit-mini.py \
#       --cfg-options model.backbone.init_cfg.checkpoint=CHECKPOINT
# From scratch: --cfg-options model.backbone.init_cfg=None. Both, at 1 and 10 % of the
# labels: benchmarks/label_efficiency.py.
_base_ = [
    '../../../_base_/datasets/synthetic_96.py',
    '../../../_base_/default_runtime.py',
]
model = dict(
    type='FilmClassifier',
    data_preprocessor=dict(
        type='FilmPreprocessor', mean=(0.4978, 0.4978, 0.4978),
        std=(0.2449, 0.2449, 0.2449)),
    backbone=dict(
        type='mmpretrain.VisionTransformer',
        arch=dict(
            embed_dims=128, num_layers=4, num_heads=4, feedforward_channels=512),
        img_size=96, patch_size=16, final_norm=False, out_type='featmap',
        drop_path_rate=0.1,
        init_cfg=dict(
            type='Pretrained', checkpoint='checkpoints/synthetic.pth',
            prefix='backbone.', allow_unexpected=['ln1.*'])),
    pooling='avg',
    head=dict(
        type='MultiLabelHead', num_classes=8, in_channels=128, uncertain='ignore',
        norm=True, init_std=2e-5))
train_pipeline = [
    dict(type='LoadFilm'),
    dict(type='FilmRandomResizedCrop', size=96, scale=(0.5, 1.0)),
    dict(type='FilmFlip', prob=0.5),
    dict(type='PackFilm'),
]
train_dataloader = dict(batch_size=32, dataset=dict(pipeline=train_pipeline))
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=5e-4, weight_decay=0.05),
    clip_grad=dict(max_norm=1.0))
param_scheduler = dict(type='WarmupCosineLR', warmup=30, by_epoch=False)
train_cfg = dict(by_epoch=False, max_iters=300, val_interval=50)
val_cfg = dict()
log_processor = dict(by_epoch=False)
default_hooks = dict(
    logger=dict(log_metric_by_epoch=False),
    checkpoint=dict(
        by_epoch=False, interval=100, save_best='classification/auroc',
        rule='greater'))
