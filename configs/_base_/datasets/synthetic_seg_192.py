# The same at 192 px.
_base_ = './synthetic_seg_96.py'
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
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
