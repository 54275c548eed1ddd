# CXR-CLIP in miniature on synthetic films: minutes on two CPU cores, no
# download. `make demo` trains 8 of the epochs.
#
#   python tools/dataset_converters/synthetic.py --num-films 3000 --size 128 \
#       --out data/synthetic
#   python tools/misc/train_tokenizer.py data/synthetic --scheme official \
#       --vocab-size 1000 --out data/synthetic/tokenizer
#   python tools/train.py \
#       configs/cxr_clip/cxr-clip_r18-bert-mini_1xb32-10e_synthetic-96px.py
_base_ = [
    '../_base_/models/cxr-clip_r18-bert-mini.py',
    '../_base_/datasets/synthetic_pairs_96.py',
    '../_base_/prompts/synthetic.py',
    '../_base_/default_runtime.py',
]
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
