# BenchX's fine-tuning (https://github.com/yangzhou12/BenchX), one protocol for every
# encoder: a normalised feature, a head that begins at one half, an encoder that learns
# at a tenth of the head's rate, and a grid of rates, batches and optimizers of which
# the best in validation is taken. A leaf takes a film classifier and
#   model = dict(
#       data_preprocessor=_base_.benchx_normalisation,
#       head=dict(num_classes=..., norm=True, init_std=2e-5))
# and, with Adam in place of SGD,
#   optim_wrapper = dict(optimizer=dict(_delete_=True, type='Adam', lr=1e-4))
# Its grid: rates 3e-2 1e-2 3e-3 1e-3 5e-4 1e-4 5e-5 1e-5, batches 32 64 128, SGD and
# Adam, with and without the norm and the lower rate. For one optimizer:
#   python tools/misc/run_fractions.py CONFIG --fractions 1 --seeds 42 0 1 \
#       --grid optim_wrapper.optimizer.lr=3e-2,1e-2,3e-3,1e-3,5e-4,1e-4,5e-5,1e-5 \
#       train_dataloader.batch_size=32,64,128 model.head.norm=True,False
# Code and paper differ, and here it is the code: films are cut at random to 8 to 100 %
# of their area (paper: from 256 px), and validated each fifth epoch from the tenth
# (paper: each).
# As in the code, the cosine goes on: at 3,000 updates the rate is zero, then it climbs
# back. At 1 % of the films training ends before; at 100 % it is 2.4 epochs.
# For a cosine over the whole run: param_scheduler.zero_at=None.
# Differs from the code: float32, or bfloat16 with --amp; there float16 with a scaled
# loss. One finding is one output with cross entropy of two sides, there two outputs.
_base_ = './by_epoch.py'
benchx_normalisation = dict(mean=[0.4978] * 3, std=[0.2449] * 3)
train_pipeline = [
    dict(type='LoadFilm', deferred=True),
    dict(type='FilmRandomResizedCrop', size=224, scale=(0.08, 1.0)),
    dict(type='FilmFlip', prob=0.5),
    dict(type='PackFilm'),
]
train_dataloader = dict(batch_size=64, dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(batch_size=512)
test_dataloader = dict(batch_size=512)
optim_wrapper = dict(
    type='OptimWrapper',
    constructor='MergedGroupsConstructor',
    optimizer=dict(type='SGD', lr=3e-2, momentum=0.9),
    paramwise_cfg=dict(custom_keys=dict(backbone=dict(lr_mult=0.1))),
    clip_grad=dict(max_norm=1.0))
param_scheduler = dict(
    type='WarmupCosineLR', warmup=50, first_at_zero=True, zero_at=3000, by_epoch=False)
train_cfg = dict(max_epochs=200, val_begin=10, val_interval=5)
auto_scale_lr = dict(enable=False, base_batch_size=64)
randomness = dict(seed=42)
custom_hooks = [
    dict(
        type='EarlyStopHook', monitor='classification/auroc', rule='greater',
        min_delta=0.0, patience=10, strict=True),
]
