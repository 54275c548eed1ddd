# Films with the one text that stands for their study, for retrieval. A part of the
# datasets beside it, which name the dataset and the rule of the text.
tokenizer = dict(
    type='HFTokenizer', name='emilyalsentzer/Bio_ClinicalBERT', lowercase=True)
film_pipeline = [
    dict(type='FilmResize', size=224),
    dict(type='FilmCenterCrop', size=224),
]
view_pipeline = dict(
    type='MultiView',
    num_views=1,
    select='first',
    transforms=[dict(type='LoadFilm'), *film_pipeline])
pack_pipeline = [
    dict(type='Tokenize', tokenizer=tokenizer, max_length=256),
    dict(type='PackStudy'),
]
test_dataloader = dict(
    batch_size=128,
    num_workers=8,
    pin_memory=True,
    sampler=dict(type='EpochSampler', shuffle=False, round_up=False),
    collate_fn=dict(type='mmcxr.collate_studies'),
    dataset=dict(test_mode=True))
test_cfg = dict()
