# CXR-CLIP in miniature on synthetic films: minutes on two CPU cores, no
# download. `make demo` trains 8 epochs.
#
#   python tools/prepare_dataset.py synthetic --num-films 3000 --size 128 \
#       --out data/synthetic
#   python tools/misc/train_tokenizer.py data/synthetic --scheme official \
#       --vocab-size 1000 --out data/synthetic/tokenizer
#   python tools/train.py \
#       configs/cxr_clip/cxr-clip_r18-bert-mini_1xb32-10e_synthetic-96px.py
# Synthetic studies (tools/prepare_dataset.py synthetic) at 96 px: two views and
# two texts to train on; the first film and all labels to evaluate zero-shot.
_base_ = [
    '../_base_/models/cxr-clip_r18-bert-mini.py',
    '../_base_/prompts/synthetic.py',
    '../_base_/default_runtime.py',
]
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
model = dict(
    prompt_head=dict(
        type='PromptHead', prompts=_base_.prompts,
        tokenizer=_base_.model.tokenizer, max_length=128))
optim_wrapper = dict(
    type='AutocastOptimWrapper',
    optimizer=dict(type='AdamW', lr=1e-3, weight_decay=1e-4),
    paramwise_cfg=dict(
        norm_decay_mult=0.,
        bias_decay_mult=0.,
        custom_keys=dict(logit_scale=dict(decay_mult=0.))))
param_scheduler = dict(type='WarmupCosineLR', warmup=1, convert_to_iter_based=True)
train_cfg = dict(by_epoch=True, max_epochs=10, val_interval=1)
val_cfg = dict()
val_evaluator = [
    dict(type='ContrastiveLossMetric', batch_size=64),
    dict(type='ClassificationMetric', num_resamples=0),
]
default_hooks = dict(
    logger=dict(interval=5),
    checkpoint=dict(save_best='contrastive/total', rule='less'))
