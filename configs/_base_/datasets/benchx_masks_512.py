# Films with masks as BenchX prepares them: 512 x 512 pixels by Lanczos (all are square but
# those of Object-CXR, which are made so), half of them mirrored in training. BenchX stores
# films and masks at that size and measures there; here predictions are enlarged to the
# size of the film's file and measured there.
_base_ = './film_masks_512.py'
film_pipeline = [
    dict(type='FilmResize', size=512, keep_ratio=False, interpolation='lanczos')
]
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
_split = dict(split_scheme='benchx')
train_dataloader = dict(
    batch_size=8, dataset=dict(_split, pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(_split, pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(_split, pipeline=test_pipeline))
