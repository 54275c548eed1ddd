# Synthetic films with labels, to train a classifier on.
_base_ = './synthetic_test_96.py'
train_pipeline = [
    dict(type='LoadFilm'),
    dict(type='FilmRandomResizedCrop', size=96, scale=(0.8, 1.0)),
    dict(type='GreyJitter', brightness=0.1, contrast=0.2),
    dict(type='PackFilm'),
]
synthetic_dataset = dict(
    type='SyntheticFilms', data_root='data/synthetic', split_scheme='official')
train_dataloader = dict(
    batch_size=64,
    num_workers=2,
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type='EpochSampler', shuffle=True, infinite=True),
    collate_fn=dict(type='mmcxr.collate_studies'),
    dataset=dict(synthetic_dataset, split='train', pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=64,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='EpochSampler', shuffle=False, round_up=False),
    collate_fn=dict(type='mmcxr.collate_studies'),
    dataset=dict(
        synthetic_dataset, split='val', pipeline=_base_.test_pipeline,
        test_mode=True))
val_evaluator = dict(type='ClassificationMetric', num_resamples=0)
