# A film and a sentence of each study of MIMIC-CXR, ConVIRT's pairs
# (https://arxiv.org/abs/2010.00747, section 3): one film drawn, and one sentence of the
# report with more than three words. A study without such a sentence gives its longest;
# the authors leave it out.
# The paper's augmentation, with what it means for one grey channel.
tokenizer = dict(
    type='HFTokenizer', name='emilyalsentzer/Bio_ClinicalBERT', lowercase=True)
film_pipeline = [dict(type='FilmPadSquare'), dict(type='FilmResize', size=224)]
film_augmentation = [
    dict(type='FilmFlip', prob=0.5),
    dict(  # within 20 degrees to either side
        type='mmpretrain.Rotate', magnitude_range=(0., 20.), magnitude_std='inf',
        prob=0.95, pad_val=0),
    dict(
        type='mmpretrain.Translate', magnitude_range=(0., 0.1), magnitude_std='inf',
        prob=0.95, pad_val=0),
    dict(type='GreyJitter', brightness=0.4, contrast=0.4),
    dict(
        type='mmpretrain.GaussianBlur', magnitude_range=(0.1, 3.0),
        magnitude_std='inf', prob=0.95),
]
train_pipeline = [
    dict(
        type='MultiView',
        num_views=1,
        transforms=[
            dict(type='LoadFilm', deferred=True),
            dict(type='FilmRandomResizedCrop', size=224, scale=(0.6, 1.0)),
            *film_augmentation,
        ]),
    dict(type='ChooseSentence', min_words=4),
    dict(type='Tokenize', tokenizer=tokenizer, max_length=256),
    dict(type='PackStudy'),
]
val_pipeline = [
    dict(
        type='MultiView',
        num_views=1,
        select='first',
        transforms=[dict(type='LoadFilm'), *film_pipeline]),
    dict(type='ChooseSentence', min_words=4, mode='first'),
    dict(type='Tokenize', tokenizer=tokenizer, max_length=256),
    dict(type='PackStudy'),
]
pairs_dataset = dict(
    type='MIMICCXR', data_root='data/mimic-cxr', split_scheme='official', texts='report')
train_dataloader = dict(
    batch_size=32,
    num_workers=8,
    prefetch_factor=4,
    pin_memory=True,
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type='EpochSampler', shuffle=True),
    collate_fn=dict(type='mmcxr.collate_studies', join_texts=True, pad_to_multiple=8),
    dataset=dict(pairs_dataset, split='train', pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=128,
    num_workers=8,
    pin_memory=True,
    persistent_workers=True,
    sampler=dict(type='EpochSampler', shuffle=False, round_up=False),
    collate_fn=dict(type='mmcxr.collate_studies'),
    dataset=dict(pairs_dataset, split='val', pipeline=val_pipeline, test_mode=True))
val_evaluator = dict(
    type='ContrastiveLossMetric', batch_size=32, image_weight=0.0, text_weight=0.0)
