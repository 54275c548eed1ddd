# Full fine-tuning with rates that grow with depth, for any encoder: AdamW, warm-up and
# cosine by epochs, the numbers of MAE's (https://arxiv.org/abs/2111.06377, Table 9:
# base rate 1e-3 for 256 films, weight decay 0.05, layer decay 0.75, 5 of 100 epochs
# warm up), without its RandAugment, mixing of images and smoothing of labels. They are
# a start for a grid, not a result of ours:
#   python tools/misc/run_fractions.py CONFIG \
#       --grid optim_wrapper.optimizer.lr=1e-3,5e-4,2.5e-4 \
#       optim_wrapper.paramwise_cfg.layer_decay_rate=0.55,0.65,0.75
# Layers: blocks of a vision transformer or Swin, stages of a ResNet or DenseNet. With
# one rate for all of the encoder instead, see benchx.py.
_base_ = './by_epoch.py'
train_pipeline = [
    dict(type='LoadFilm', deferred=True),
    dict(type='FilmRandomResizedCrop', size=224, scale=(0.08, 1.0)),
    dict(type='FilmFlip', prob=0.5),
    dict(type='PackFilm'),
]
train_dataloader = dict(
    batch_size=256, drop_last=True, dataset=dict(pipeline=train_pipeline))
optim_wrapper = dict(
    type='OptimWrapper',
    constructor='LayerDecayConstructor',
    optimizer=dict(type='AdamW', lr=1e-3, betas=(0.9, 0.999), weight_decay=0.05),
    paramwise_cfg=dict(layer_decay_rate=0.75))
param_scheduler = dict(type='WarmupCosineLR', warmup=5, convert_to_iter_based=True)
train_cfg = dict(max_epochs=100)
auto_scale_lr = dict(enable=False, base_batch_size=256)
