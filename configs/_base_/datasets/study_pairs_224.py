# Studies with two views and two texts at 224 px, CXR-CLIP's recipe (arXiv
# 2310.13292, released config `clahe`). MIMIC-CXR unless a leaf mixes in the others.
# A leaf that changes a pipeline sets it where it is read: in the dataloader.
tokenizer = dict(
    type='HFTokenizer', name='emilyalsentzer/Bio_ClinicalBERT', lowercase=True)
film_pipeline = [
    dict(type='FilmResize', size=224),
    dict(type='FilmCenterCrop', size=224),
]
train_views = dict(
    type='MultiView',
    num_views=2,
    transforms=[
        # Decoded no larger than the crop needs.
        dict(type='LoadFilm', deferred=True),
        dict(type='FilmRandomResizedCrop', size=224, scale=(0.8, 1.1)),
        dict(type='CLAHE', clip_limit=(1.0, 4.0), prob=0.5),
        # Saturation and hue of the released config do nothing to grey films.
        dict(type='GreyJitter', brightness=0.1, contrast=0.2),
    ])
val_views = dict(
    type='MultiView',
    num_views=2,
    select='first',
    transforms=[dict(type='LoadFilm'), *film_pipeline])
pack = [
    dict(type='Tokenize', tokenizer=tokenizer, max_length=256),
    dict(type='PackStudy'),
]
train_pipeline = [train_views, dict(type='ChooseTexts'), *pack]
val_pipeline = [val_views, dict(type='ChooseTexts', mode='first'), *pack]
# ChestX-ray14 names what is present only: three absent findings are drawn.
three_negatives = dict(num_negatives=3)
chestx_ray14_train_pipeline = [
    train_views, dict(type='ChooseTexts', prompt_report=three_negatives), *pack]
chestx_ray14_val_pipeline = [
    val_views,
    dict(type='ChooseTexts', mode='first', prompt_report=three_negatives), *pack]

mimic_cxr = dict(type='MIMICCXR', data_root='data/mimic-cxr', split_scheme='official')
chexpert = dict(
    type='CheXpertPairs', data_root='data/chexpert', split_scheme='cxr_clip',
    texts='labels')
chestx_ray14 = dict(
    type='ChestXray14Pairs', data_root='data/chestx-ray14', split_scheme='cxr_clip',
    texts='labels')

mimic_cxr_train_dataset = dict(mimic_cxr, split='train', pipeline=train_pipeline)
mimic_cxr_val_dataset = dict(mimic_cxr, split='val', pipeline=val_pipeline, test_mode=True)
chexpert_train_dataset = dict(chexpert, split='train', pipeline=train_pipeline)
chexpert_val_dataset = dict(chexpert, split='val', pipeline=val_pipeline, test_mode=True)
chestx_ray14_train_dataset = dict(
    chestx_ray14, split='train', pipeline=chestx_ray14_train_pipeline)
chestx_ray14_val_dataset = dict(
    chestx_ray14, split='val', pipeline=chestx_ray14_val_pipeline, test_mode=True)

train_dataloader = dict(
    batch_size=32,
    num_workers=8,
    prefetch_factor=4,
    pin_memory=True,
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type='EpochSampler', shuffle=True),
    # Most sections have some 25 tokens, the longest of a batch may have 256: texts are
    # joined into rows, or seven tokens of eight were padding.
    collate_fn=dict(type='mmcxr.collate_studies', join_texts=True, pad_to_multiple=8),
    dataset=mimic_cxr_train_dataset)
val_dataloader = dict(
    batch_size=128,
    num_workers=8,
    pin_memory=True,
    persistent_workers=True,
    sampler=dict(type='EpochSampler', shuffle=False, round_up=False),
    collate_fn=dict(type='mmcxr.collate_studies'),
    dataset=mimic_cxr_val_dataset)
val_evaluator = dict(type='ContrastiveLossMetric', batch_size=128)
