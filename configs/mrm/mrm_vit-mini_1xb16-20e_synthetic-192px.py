# MRM in miniature on synthetic films: minutes on two CPU cores, no download; `make demo`
# trains 8 of the epochs. Against the published recipe: half of the patches are seen and not a
# quarter, crops keep most of the film, three words of four are masked. With the
# published numbers the encoder's features told findings no better than random weights
# after as many passes.
#
#   python tools/dataset_converters/synthetic.py --num-films 3000 --size 128 \
#       --out data/synthetic
#   python tools/misc/train_tokenizer.py data/synthetic --scheme official \
#       --vocab-size 1000 --out data/synthetic/tokenizer
#   python tools/train.py configs/mrm/mrm_vit-mini_1xb16-20e_synthetic-192px.py
_base_ = [
    '../_base_/models/mrm_vit-mini.py',
    '../_base_/datasets/mrm_synthetic_192.py',
    '../_base_/default_runtime.py',
]
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
