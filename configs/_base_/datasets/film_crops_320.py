# Two crops of each film at 320 px, by MoCo-CXR's augmentations, which keep what a film
# shows: no crop is enlarged, nothing is blurred, no grey value is changed. A leaf names
# the dataset.
crop = [
    dict(type='FilmResize', size=320),
    dict(type='FilmFlip', prob=0.5),
    dict(  # within 10 degrees to either side
        type='mmpretrain.Rotate', magnitude_range=(0., 10.), magnitude_std='inf',
        prob=1., pad_val=0),
    dict(type='mmpretrain.RandomCrop', crop_size=320),
]
# How a film is seen where it is not trained on.
film_pipeline = [
    dict(type='FilmResize', size=320),
    dict(type='FilmCenterCrop', size=320),
]
train_pipeline = [
    dict(type='LoadFilm'),
    dict(type='MultiCrop', groups=[dict(num_crops=2, transforms=crop)]),
    dict(type='PackFilm'),
]
train_dataloader = dict(
    batch_size=16,
    num_workers=8,
    prefetch_factor=4,
    pin_memory=True,
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type='EpochSampler', shuffle=True),
    collate_fn=dict(type='mmcxr.collate_studies'),
    dataset=dict(split='train', pipeline=train_pipeline))
