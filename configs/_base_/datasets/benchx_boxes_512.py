# The same for films whose findings are marked by boxes.
_base_ = './benchx_masks_512.py'
train_pipeline = [
    dict(type='LoadFilm'),
    dict(type='LoadBoxMask'),
    *_base_.film_pipeline,
    dict(type='RandomFlip', prob=0.5),
    _base_._pack,
]
test_pipeline = [
    dict(type='LoadFilm'),
    *_base_.film_pipeline,
    dict(type='LoadBoxMask'),
    _base_._pack,
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
