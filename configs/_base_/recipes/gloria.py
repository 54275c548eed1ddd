# GLoRIA's classification (https://github.com/marshuang80/gloria): a linear layer on the
# frozen encoder, the checkpoint of the lowest loss in validation. All numbers are of
# the released configs; those of CheXpert and RSNA differ in the rate and the clipping.
# Differs from the released code:
# - float32, or bfloat16 with --amp; there float16 with a scaled loss.
# - A plateau is looked for each epoch, there each third: with ten epochs of patience
#   until the end, theirs comes too late ever to act.
# - The frozen encoder is in evaluation mode; there its batch statistics drift.
_base_ = './by_epoch.py'
film_pipeline = [
    dict(type='FilmFit', size=256, interpolation='area'),
    dict(type='FilmCenterCrop', size=224),
]
train_pipeline = [
    dict(type='LoadFilm'),
    film_pipeline[0],
    dict(type='mmpretrain.RandomCrop', crop_size=224),
    dict(type='PackFilm'),
]
test_pipeline = [dict(type='LoadFilm'), *film_pipeline, dict(type='PackFilm')]
train_dataloader = dict(batch_size=64, dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='Adam', lr=1e-4, betas=(0.5, 0.999), weight_decay=1e-6))
param_scheduler = dict(
    type='ReduceOnPlateauLR', monitor='label_loss/bce', factor=0.5, patience=5)
custom_hooks = [
    dict(
        type='EarlyStopHook', monitor='label_loss/bce', rule='less',
        min_delta=0.0, patience=10, strict=True),
]
train_cfg = dict(max_epochs=50)
auto_scale_lr = dict(enable=False, base_batch_size=64)
default_hooks = dict(checkpoint=dict(save_best='label_loss/bce', rule='less'))
