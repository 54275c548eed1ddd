# Synthetic studies (tools/dataset_converters/synthetic.py) at 96 px: two views and
# two texts to train on; the first film and all labels to evaluate zero-shot.
data_root = 'data/synthetic'
tokenizer = dict(type='HFTokenizer', name='data/synthetic/tokenizer', lowercase=True)
film_pipeline = [
    dict(type='FilmResize', size=96, keep_ratio=False),
]
train_pipeline = [
    dict(
        type='MultiView',
        num_views=2,
        transforms=[
            dict(type='LoadFilm'),
            dict(type='FilmRandomResizedCrop', size=96, scale=(0.8, 1.0)),
            dict(type='GreyJitter', brightness=0.1, contrast=0.2),
        ]),
    dict(type='ChooseTexts'),
    dict(type='Tokenize', tokenizer=tokenizer, max_length=128),
    dict(type='PackStudy'),
]
val_pipeline = [
    dict(
        type='MultiView',
        num_views=2,
        select='first',
        transforms=[dict(type='LoadFilm'), *film_pipeline]),
    dict(type='ChooseTexts', mode='first'),
    dict(type='Tokenize', tokenizer=tokenizer, max_length=128),
    dict(type='PackStudy'),
]
synthetic_dataset = dict(
    type='SyntheticPairs', data_root=data_root, split_scheme='official')
train_dataloader = dict(
    batch_size=32,
    num_workers=2,
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type='EpochSampler', shuffle=True),
    collate_fn=dict(type='mmcxr.collate_studies', join_texts=True),
    dataset=dict(synthetic_dataset, split='train', pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=64,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='EpochSampler', shuffle=False, round_up=False),
    collate_fn=dict(type='mmcxr.collate_studies'),
    dataset=dict(synthetic_dataset, split='val', pipeline=val_pipeline, test_mode=True))
