# Lungs on the films of the COVID-19 Image Data Collection that have a mask, at 192 px.
# The scheme `clean` keeps patients apart: 88 films of 55 patients to train on, 11 of 6
# to validate, 12 of 8 to test.
data_root = 'data/covid19'
film_pipeline = [dict(type='FilmResize', size=192, keep_ratio=False)]
_pack = dict(
    type='mmseg.PackSegInputs',
    meta_keys=(
        'dataset', 'patient_id', 'study_id', 'image', 'view', 'img_path',
        'seg_map_path', 'ori_shape', 'img_shape'))
train_pipeline = [
    dict(type='LoadFilm'),
    dict(type='LoadFilmMask'),
    dict(type='FilmRandomResizedCrop', size=192, scale=(0.6, 1.0)),
    dict(type='RandomFlip', prob=0.5),
    dict(type='GreyJitter', brightness=0.2, contrast=0.4),
    _pack,
]
# The mask keeps its size: predictions are enlarged to it before they are compared.
test_pipeline = [
    dict(type='LoadFilm'),
    *film_pipeline,
    dict(type='LoadFilmMask'),
    _pack,
]
covid19_dataset = dict(
    type='COVID19LungSeg', data_root=data_root, split_scheme='clean')
train_dataloader = dict(
    batch_size=4,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='EpochSampler', shuffle=True, infinite=True),
    dataset=dict(covid19_dataset, split='train', pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='EpochSampler', shuffle=False, round_up=False),
    dataset=dict(
        covid19_dataset, split='val', pipeline=test_pipeline, test_mode=True))
test_dataloader = dict(
    batch_size=1,
    num_workers=2,
    sampler=dict(type='EpochSampler', shuffle=False, round_up=False),
    dataset=dict(
        covid19_dataset, split='test', pipeline=test_pipeline, test_mode=True))
val_evaluator = dict(type='SegmentationMetric', num_resamples=0)
test_evaluator = dict(type='SegmentationMetric')
