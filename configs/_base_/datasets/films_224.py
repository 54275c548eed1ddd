# Labelled films at 224 px to train on, CXR-CLIP's `clahe` recipe. A label fraction is
# a matter of the command line: train_dataloader.dataset.fraction=0.1. The number of
# updates stays the same. Released are 30 epochs at 100 % and 300 at 10 %, the same but
# for the incomplete batch that each epoch drops: at 10 % they make 2,100 updates on
# RSNA, 900 on SIIM and 1,200 on VinDr-CXR (train_cfg.max_iters, and a tenth of it for
# param_scheduler.warmup).
_base_ = './films_test_224.py'
train_pipeline = [
    dict(type='LoadFilm', deferred=True),
    dict(type='FilmRandomResizedCrop', size=224, scale=(0.8, 1.1)),
    dict(type='CLAHE', clip_limit=(1.0, 4.0), prob=0.5),
    dict(type='GreyJitter', brightness=0.1, contrast=0.2),
    dict(type='PackFilm'),
]
train_dataloader = dict(
    batch_size=256,
    num_workers=8,
    prefetch_factor=4,
    pin_memory=True,
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type='EpochSampler', shuffle=True, infinite=True),
    collate_fn=dict(type='mmcxr.collate_studies'),
    dataset=dict(split_scheme='cxr_clip', split='train', pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=256,
    num_workers=8,
    pin_memory=True,
    persistent_workers=True,
    sampler=dict(type='EpochSampler', shuffle=False, round_up=False),
    collate_fn=dict(type='mmcxr.collate_studies'),
    dataset=dict(
        split_scheme='cxr_clip', split='val', pipeline=_base_.test_pipeline,
        test_mode=True))
