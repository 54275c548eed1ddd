# MRM in miniature on synthetic films: minutes on two CPU cores, no download; `make demo`
# trains 6 epochs. Against the published recipe: half of the patches are seen and not a
# quarter, crops keep most of the film, three words of four are masked. With the
# published numbers the encoder's features told findings no better than random weights
# after as many passes.
#
#   python tools/prepare_dataset.py synthetic --num-films 3000 --size 128 \
#       --out data/synthetic
#   python tools/misc/train_tokenizer.py data/synthetic --scheme official \
#       --vocab-size 1000 --out data/synthetic/tokenizer
#   python tools/train.py configs/mrm/mrm_vit-mini_1xb16-20e_synthetic-192px.py
# Synthetic films (tools/prepare_dataset.py synthetic) for MRM: 192 px, of which the
# model makes 96 px for its encoder, 6 x 6 patches of 16.
_base_ = [
    '../_base_/models/mrm_vit-mini.py',
    '../_base_/default_runtime.py',
]
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
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=1.5e-3, betas=(0.9, 0.95), weight_decay=0.05),
    paramwise_cfg=dict(norm_decay_mult=0., bias_decay_mult=0.))
param_scheduler = dict(type='WarmupCosineLR', warmup=2, convert_to_iter_based=True)
train_cfg = dict(by_epoch=True, max_epochs=20, val_interval=5)
val_cfg = dict()
val_evaluator = dict(type='RestorationMetric', num_resamples=0)
default_hooks = dict(
    logger=dict(interval=5),
    checkpoint=dict(interval=5, save_best='restoration/total', rule='less'))
