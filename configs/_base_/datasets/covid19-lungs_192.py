# Lungs on the films of the COVID-19 Image Data Collection that have a mask, at 192 px.
# The scheme `clean` keeps patients apart: 88 films of 55 patients to train on, 11 of 6 to
# validate, 12 of 8 to test. Most masks come from a model that leaves out the lung behind
# the heart (lungVAE), 18 from annotators who do not.
_base_ = './film_masks_512.py'
data_root = 'data/covid19'
film_pipeline = [dict(type='FilmResize', size=192, keep_ratio=False)]
train_pipeline = [
    dict(type='LoadFilm'),
    dict(type='LoadFilmMask'),
    dict(type='FilmRandomResizedCrop', size=192, scale=(0.6, 1.0)),
    dict(type='RandomFlip', prob=0.5),
    dict(type='GreyJitter', brightness=0.2, contrast=0.4),
    _base_._pack,
]
test_pipeline = [
    dict(type='LoadFilm'),
    *film_pipeline,
    dict(type='LoadFilmMask'),
    _base_._pack,
]
covid19_dataset = dict(
    type='COVID19LungSeg', data_root=data_root, split_scheme='clean')
train_dataloader = dict(
    batch_size=4,
    num_workers=2,
    dataset=dict(covid19_dataset, pipeline=train_pipeline))
val_dataloader = dict(
    num_workers=2, dataset=dict(covid19_dataset, pipeline=test_pipeline))
test_dataloader = dict(
    num_workers=2, dataset=dict(covid19_dataset, pipeline=test_pipeline))
