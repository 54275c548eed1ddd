# A film and a sentence of each synthetic study (tools/prepare_dataset.py synthetic)
# at 96 px.
_base_ = './mimic-cxr_sentences_224.py'
tokenizer = dict(type='HFTokenizer', name='data/synthetic/tokenizer', lowercase=True)
film_pipeline = [dict(type='FilmResize', size=96, keep_ratio=False)]
train_pipeline = [
    dict(
        type='MultiView',
        num_views=1,
        transforms=[
            dict(type='LoadFilm'),
            dict(type='FilmRandomResizedCrop', size=96, scale=(0.8, 1.0)),
            dict(type='GreyJitter', brightness=0.1, contrast=0.2),
        ]),
    dict(type='ChooseSentence', min_words=2),
    dict(type='Tokenize', tokenizer=tokenizer, max_length=97),
    dict(type='PackStudy'),
]
val_pipeline = [
    dict(
        type='MultiView',
        num_views=1,
        select='first',
        transforms=[dict(type='LoadFilm'), *film_pipeline]),
    dict(type='ChooseSentence', min_words=2, mode='first'),
    dict(type='Tokenize', tokenizer=tokenizer, max_length=97),
    dict(type='PackStudy'),
]
train_dataloader = dict(
    num_workers=2,
    pin_memory=False,
    collate_fn=dict(pad_to_multiple=1),
    dataset=dict(
        type='SyntheticPairs', data_root='data/synthetic', pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=64,
    num_workers=2,
    pin_memory=False,
    dataset=dict(
        type='SyntheticPairs', data_root='data/synthetic', pipeline=val_pipeline))
