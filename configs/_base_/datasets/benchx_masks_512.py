# Films with masks as BenchX prepares them: 512 x 512 pixels by Lanczos (all are square but
# those of Object-CXR, which are made so), half of them mirrored in training. BenchX stores
# films and masks at that size and measures there; here predictions are enlarged to the
# size of the film's file and measured there.
film_pipeline = [
    dict(type='FilmResize', size=512, keep_ratio=False, interpolation='lanczos')
]
_pack = dict(
    type='mmseg.PackSegInputs',
    meta_keys=(
        'dataset', 'patient_id', 'study_id', 'image', 'view', 'img_path',
        'seg_map_path', 'ori_shape', 'img_shape'))
train_pipeline = [
    dict(type='LoadFilm'),
    dict(type='LoadFilmMask'),
    *film_pipeline,
    dict(type='RandomFlip', prob=0.5),
    _pack,
]
test_pipeline = [
    dict(type='LoadFilm'),
    *film_pipeline,
    dict(type='LoadFilmMask'),
    _pack,
]
train_dataloader = dict(
    batch_size=8,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='EpochSampler', shuffle=True, infinite=True),
    dataset=dict(split_scheme='benchx', split='train', pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=1,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='EpochSampler', shuffle=False, round_up=False),
    dataset=dict(
        split_scheme='benchx', split='val', pipeline=test_pipeline, test_mode=True))
test_dataloader = dict(
    batch_size=1,
    num_workers=4,
    sampler=dict(type='EpochSampler', shuffle=False, round_up=False),
    dataset=dict(
        split_scheme='benchx', split='test', pipeline=test_pipeline, test_mode=True))
val_evaluator = dict(type='SegmentationMetric', num_resamples=0)
test_evaluator = dict(type='SegmentationMetric')
