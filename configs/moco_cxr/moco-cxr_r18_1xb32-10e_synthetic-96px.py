# MoCo-CXR in miniature on synthetic films, minutes on two CPU cores, no download: half
# the width, a queue shorter than an epoch, and a key encoder that follows within one.
#
#   python tools/prepare_dataset.py synthetic --num-films 3000 --size 128 \
#       --out data/synthetic
#   python tools/train.py \
#       configs/moco_cxr/moco-cxr_r18_1xb32-10e_synthetic-96px.py
# Synthetic films (tools/prepare_dataset.py synthetic), two crops of each at 96 px.
# They are drawn at one size, so that a crop needs room to move.
_base_ = [
    '../_base_/models/moco-cxr_r18.py',
    '../_base_/datasets/film_crops_320.py',
    '../_base_/schedules/moco-cxr_adam_20e.py',
    '../_base_/default_runtime.py',
]
crop = [
    dict(type='FilmResize', size=112),
    *_base_.crop[1:-1],
    dict(type='mmpretrain.RandomCrop', crop_size=96),
]
film_pipeline = [
    dict(type='FilmResize', size=112),
    dict(type='FilmCenterCrop', size=96),
]
train_pipeline = [
    dict(type='LoadFilm'),
    dict(type='MultiCrop', groups=[dict(num_crops=2, transforms=crop)]),
    dict(type='PackFilm'),
]
train_dataloader = dict(
    batch_size=32,
    num_workers=2,
    pin_memory=False,
    dataset=dict(
        type='SyntheticFilms', data_root='data/synthetic', split_scheme='official',
        pipeline=train_pipeline))
model = dict(
    data_preprocessor=dict(channels_last=True),
    backbone=dict(base_channels=32, init_cfg=None),
    projection=dict(in_channels=256),
    queue_length=1024,
    momentum=0.99)
optim_wrapper = dict(type='AutocastOptimWrapper', optimizer=dict(lr=1e-3))
param_scheduler = dict(
    _delete_=True, type='WarmupCosineLR', warmup=1, convert_to_iter_based=True)
train_cfg = dict(max_epochs=10)
default_hooks = dict(logger=dict(interval=5))
