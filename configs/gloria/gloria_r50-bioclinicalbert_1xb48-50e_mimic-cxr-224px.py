# GLoRIA (https://github.com/marshuang80/gloria), ResNet-50, here on MIMIC-CXR: the
# reports of CheXpert, which it was trained on, were not public.
#
#   python tools/train.py \
#       configs/gloria/gloria_r50-bioclinicalbert_1xb48-50e_mimic-cxr-224px.py
#
# Released values: Adam 5e-5, betas 0.5 and 0.999, decay 1e-6, batch 48, gradients
# clipped at 0.25, at most 50 epochs; the rate is halved where the loss in validation has
# not fallen for five epochs, and training ends after ten.
# Differs from the released code: bfloat16 in place of float16; the loss in validation is
# the global part alone; real numbers of words, and no wait for the device to tell them.
# On several GPUs the losses are those of the whole batch; the code was run on one.
# Expected values: none on this data.
# A film and a sentence of the impression of each study, as GLoRIA's code pairs them:
# no augmentation but the place of the crop, one sentence of two words or more. GLoRIA
# was trained on the reports of CheXpert, which were not public then.
_base_ = [
    '../_base_/models/gloria_r50.py',
    '../_base_/datasets/mimic-cxr_sentences_224.py',
    '../_base_/default_runtime.py',
]
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
model = dict(
    image_backbone=dict(
        init_cfg=dict(type='Pretrained', checkpoint='torchvision://resnet50')),
    text_backbone=dict(config='emilyalsentzer/Bio_ClinicalBERT', pretrained=True))
optim_wrapper = dict(
    type='AutocastOptimWrapper',
    optimizer=dict(type='Adam', lr=5e-5, betas=(0.5, 0.999), weight_decay=1e-6),
    clip_grad=dict(max_norm=0.25))
param_scheduler = dict(
    type='ReduceOnPlateauLR', monitor='contrastive/total', factor=0.5, patience=5)
custom_hooks = [
    dict(
        type='EarlyStopHook', monitor='contrastive/total', rule='less', min_delta=0.0,
        patience=10, strict=True),
]
train_cfg = dict(by_epoch=True, max_epochs=50, val_interval=1)
val_cfg = dict()
default_hooks = dict(
    checkpoint=dict(save_best='contrastive/total', rule='less'))
