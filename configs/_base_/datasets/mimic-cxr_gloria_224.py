# A film and a sentence of the impression of each study, as GLoRIA's code pairs them:
# no augmentation but the place of the crop, one sentence of two words or more. GLoRIA
# was trained on the reports of CheXpert, which were not public then.
_base_ = './mimic-cxr_sentences_224.py'
gloria_tokenizer = dict(
    type='GLoRIATokenizer', name='emilyalsentzer/Bio_ClinicalBERT')
film_pipeline = [
    dict(type='FilmFit', size=256, interpolation='area'),
    dict(type='FilmCenterCrop', size=224),
]
train_pipeline = [
    dict(
        type='MultiView',
        num_views=1,
        transforms=[
            dict(type='LoadFilm'),
            film_pipeline[0],
            dict(type='mmpretrain.RandomCrop', crop_size=224),
        ]),
    dict(
        type='ChooseSentence', split='gloria', min_words=2, sections=['impression']),
    dict(type='Tokenize', tokenizer=gloria_tokenizer, max_length=97),
    dict(type='PackStudy'),
]
val_pipeline = [
    dict(
        type='MultiView',
        num_views=1,
        select='first',
        transforms=[dict(type='LoadFilm'), *film_pipeline]),
    dict(
        type='ChooseSentence', split='gloria', min_words=2, sections=['impression'],
        mode='first'),
    dict(type='Tokenize', tokenizer=gloria_tokenizer, max_length=97),
    dict(type='PackStudy'),
]
# Words are told apart in each text: texts are not joined into rows.
train_dataloader = dict(
    batch_size=48,
    collate_fn=dict(join_texts=False),
    dataset=dict(views=('PA', 'AP'), pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(views=('PA', 'AP'), pipeline=val_pipeline))
val_evaluator = dict(batch_size=48)
