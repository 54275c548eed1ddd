# Lungs on real films with a small U-Net, from random weights, in minutes on two CPU
# cores: half the width of a ResNet-18, decoded to half the size.
#   python tools/prepare_dataset.py covid19 covid-chestxray-dataset --out data/covid19
#   python tools/train.py \
#       configs/benchmarks/segmentation/covid19/unet_r18_1xb4-900_covid19-lungs-192px.py
#   python tools/test.py \
#       configs/benchmarks/segmentation/covid19/unet_r18_1xb4-900_covid19-lungs-192px.py \
#       work_dirs/segmentation_covid19_unet_r18_1xb4-900_covid19-lungs-192px/best_*.pth
# Lungs on the films of the COVID-19 Image Data Collection that have a mask, at 192 px.
# The scheme `clean` keeps patients apart: 88 films of 55 patients to train on, 11 of 6 to
# validate, 12 of 8 to test. Most masks come from a model that leaves out the lung behind
# the heart (lungVAE), 18 from annotators who do not.
_base_ = [
    '../../../_base_/models/unet_r18.py',
    '../../../_base_/datasets/film_masks_512.py',
    '../../../_base_/default_runtime.py',
]
data_root = 'data/covid19'
film_pipeline = [dict(type='FilmResize', size=192, keep_ratio=False)]
train_pipeline = [
    dict(type='LoadFilm'),
    dict(type='LoadFilmMask'),
    dict(type='FilmRandomResizedCrop', size=192, scale=(0.6, 1.0)),
    dict(type='RandomFlip', prob=0.5),
    dict(type='GreyJitter', brightness=0.2, contrast=0.4),
    _base_._pack,
]
test_pipeline = [
    dict(type='LoadFilm'),
    *film_pipeline,
    dict(type='LoadFilmMask'),
    _base_._pack,
]
covid19_dataset = dict(
    type='COVID19LungSeg', data_root=data_root, split_scheme='clean')
train_dataloader = dict(
    batch_size=4,
    num_workers=2,
    dataset=dict(covid19_dataset, pipeline=train_pipeline))
val_dataloader = dict(
    num_workers=2, dataset=dict(covid19_dataset, pipeline=test_pipeline))
test_dataloader = dict(
    num_workers=2, dataset=dict(covid19_dataset, pipeline=test_pipeline))
model = dict(
    data_preprocessor=dict(size=(192, 192), test_cfg=dict(size=(192, 192))),
    backbone=dict(stem_channels=32, base_channels=32),
    neck=dict(in_channels=(32, 64, 128, 256), channels=(128, 64, 32, 16)),
    decode_head=dict(
        # Cross-entropy, and the soft Dice of the lungs alone (class 0 is left out).
        loss_decode=[
            dict(type='mmseg.CrossEntropyLoss'),
            dict(type='mmseg.DiceLoss', use_sigmoid=False, ignore_index=0),
        ]))
optim_wrapper = dict(
    type='OptimWrapper', optimizer=dict(type='AdamW', lr=1e-3, weight_decay=1e-4))
param_scheduler = dict(type='WarmupCosineLR', warmup=90, by_epoch=False)
train_cfg = dict(by_epoch=False, max_iters=900, val_interval=150)
val_cfg = dict()
test_cfg = dict()
log_processor = dict(by_epoch=False)
default_hooks = dict(
    checkpoint=dict(
        by_epoch=False, interval=150, save_best='segmentation/dice_foreground',
        rule='greater'))
