# Synthetic films (tools/dataset_converters/synthetic.py), two crops of each at 96 px.
# They are drawn at one size, so that a crop needs room to move.
_base_ = './film_crops_320.py'
crop = [
    dict(type='FilmResize', size=112),
    *_base_.crop[1:-1],
    dict(type='mmpretrain.RandomCrop', crop_size=96),
]
film_pipeline = [
    dict(type='FilmResize', size=112),
    dict(type='FilmCenterCrop', size=96),
]
train_pipeline = [
    dict(type='LoadFilm'),
    dict(type='MultiCrop', groups=[dict(num_crops=2, transforms=crop)]),
    dict(type='PackFilm'),
]
train_dataloader = dict(
    batch_size=32,
    num_workers=2,
    pin_memory=False,
    dataset=dict(
        type='SyntheticFilms', data_root='data/synthetic', split_scheme='official',
        pipeline=train_pipeline))
