# Training epoch by epoch, what the recipes of several methods have in common: every
# film once in an epoch, validation behind it, the best and the last checkpoints kept.
# A recipe says how films are read, the batch and the optimizer; a leaf names the model
# and the dataset, in all three loaders.
_base_ = ['../datasets/films_test_224.py', '../default_runtime.py']
train_dataloader = dict(
    num_workers=8,
    prefetch_factor=4,
    pin_memory=True,
    persistent_workers=True,
    sampler=dict(type='EpochSampler', shuffle=True),
    collate_fn=dict(type='mmcxr.collate_studies'),
    dataset=dict(split='train'))
val_dataloader = dict(
    batch_size=128,
    num_workers=8,
    pin_memory=True,
    persistent_workers=True,
    sampler=dict(type='EpochSampler', shuffle=False, round_up=False),
    collate_fn=dict(type='mmcxr.collate_studies'),
    dataset=dict(split='val', pipeline=_base_.test_pipeline, test_mode=True))
train_cfg = dict(by_epoch=True, val_interval=1)
val_cfg = dict()
default_hooks = dict(
    checkpoint=dict(save_best='classification/auroc', rule='greater'))
