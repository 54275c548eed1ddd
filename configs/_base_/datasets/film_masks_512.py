# Films with masks at 512 px: the film is made to fit into a square of that side, its
# ratio kept, and the data preprocessor pads it on the right and below. A part of the
# datasets beside it, which name the dataset.
# Read as in mmsegmentation: bilinear without antialias, masks by the nearest pixel.
_pack = dict(
    type='mmseg.PackSegInputs',
    meta_keys=(
        'dataset', 'patient_id', 'study_id', 'image', 'view', 'img_path',
        'seg_map_path', 'ori_shape', 'img_shape', 'scale_factor',
        'reduce_zero_label'))
film_pipeline = [dict(type='Resize', scale=(512, 512), keep_ratio=True)]
train_pipeline = [
    dict(type='LoadFilm'),
    dict(type='LoadFilmMask'),
    *film_pipeline,
    dict(type='RandomFlip', prob=0.5),
    _pack,
]
# The mask keeps its size: predictions are enlarged to it before they are compared.
test_pipeline = [
    dict(type='LoadFilm'),
    *film_pipeline,
    dict(type='LoadFilmMask'),
    _pack,
]
train_dataloader = dict(
    batch_size=2,
    num_workers=4,
    pin_memory=True,
    persistent_workers=True,
    sampler=dict(type='EpochSampler', shuffle=True, infinite=True),
    dataset=dict(split='train', pipeline=train_pipeline))
# One film at a time, because mmsegmentation takes no test batch of unequal films.
val_dataloader = dict(
    batch_size=1,
    num_workers=4,
    pin_memory=True,
    persistent_workers=True,
    sampler=dict(type='EpochSampler', shuffle=False, round_up=False),
    dataset=dict(split='val', pipeline=test_pipeline, test_mode=True))
test_dataloader = dict(
    batch_size=1,
    num_workers=4,
    pin_memory=True,
    sampler=dict(type='EpochSampler', shuffle=False, round_up=False),
    dataset=dict(split='test', pipeline=test_pipeline, test_mode=True))
val_evaluator = dict(type='SegmentationMetric', num_resamples=0)
test_evaluator = dict(type='SegmentationMetric')
