# Synthetic films with the mask of the pneumothorax, at 96 px.
_base_ = './film_masks_512.py'
data_root = 'data/synthetic'
film_pipeline = [dict(type='Resize', scale=(96, 96), keep_ratio=True)]
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
synthetic_dataset = dict(
    type='SyntheticPneumothoraxSeg', data_root=data_root, split_scheme='official')
train_dataloader = dict(
    batch_size=8,
    num_workers=2,
    dataset=dict(synthetic_dataset, pipeline=train_pipeline))
val_dataloader = dict(
    num_workers=2,
    dataset=dict(synthetic_dataset, pipeline=test_pipeline))
test_dataloader = dict(
    num_workers=2,
    dataset=dict(synthetic_dataset, pipeline=test_pipeline))
