# Synthetic films (tools/dataset_converters/synthetic.py) for MRM: 192 px, of which the
# model makes 96 px for its encoder, 6 x 6 patches of 16.
data_root = 'data/synthetic'
tokenizer = dict(type='HFTokenizer', name=f'{data_root}/tokenizer')
max_length = 100
mask_and_pack = [
    dict(type='MaskWords', tokenizer=tokenizer, max_length=max_length, prob=0.75),
    dict(type='PatchNoise', num_patches=36),
    dict(type='PackStudy'),
]
train_pipeline = [
    dict(type='LoadFilm'),
    dict(
        type='FilmRandomResizedCrop', size=192, scale=(0.6, 1.0),
        interpolation='bicubic'),
    dict(type='FilmFlip', prob=0.5),
    dict(type='MirrorText'),  # a mirrored film has its report mirrored
    *mask_and_pack,
]
val_pipeline = [
    dict(type='LoadFilm'),
    dict(type='FilmResize', size=192, keep_ratio=False, interpolation='bicubic'),
    *mask_and_pack,
]
cached_tokenizer = dict(
    type='CachedTokenizer', tokenizer=tokenizer, max_length=max_length)
synthetic_dataset = dict(
    type='SyntheticPairs', data_root=data_root, split_scheme='official',
    texts='whole', level='image')
train_dataloader = dict(
    batch_size=16,
    num_workers=2,
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type='EpochSampler', shuffle=True),
    collate_fn=dict(type='mmcxr.collate_studies'),
    dataset=dict(
        synthetic_dataset, split='train', pipeline=train_pipeline,
        tokenizer=dict(cached_tokenizer, mirrored=True)))
# Masks and noise of a sample are the same in each evaluation.
val_dataloader = dict(
    batch_size=64,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='EpochSampler', shuffle=False, round_up=False),
    collate_fn=dict(type='mmcxr.collate_studies'),
    dataset=dict(
        synthetic_dataset, split='val', pipeline=val_pipeline, test_mode=True,
        tokenizer=cached_tokenizer))
