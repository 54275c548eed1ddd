# AdamW, 20,000 updates: a warm-up of 500, then a line to 0; the best by the foreground Dice
# of the whole validation split. A recipe of ours for encoders that come without one;
# layers are not treated apart.
_base_ = '../default_runtime.py'
optim_wrapper = dict(
    type='AutocastOptimWrapper',
    optimizer=dict(type='AdamW', lr=1e-4, betas=(0.9, 0.999), weight_decay=0.05),
    paramwise_cfg=dict(norm_decay_mult=0.0, bias_decay_mult=0.0))
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-3, by_epoch=False, begin=0, end=500),
    dict(type='PolyLR', power=1.0, eta_min=0.0, by_epoch=False, begin=500, end=20000),
]
train_cfg = dict(by_epoch=False, max_iters=20000, val_interval=1000)
val_cfg = dict(fp16=True)  # validate under autocast too, in bfloat16
test_cfg = dict()
auto_scale_lr = dict(enable=False, base_batch_size=16)
log_processor = dict(by_epoch=False)
default_hooks = dict(
    logger=dict(interval=50),
    checkpoint=dict(
        by_epoch=False, interval=1000, save_best='segmentation/dice_foreground',
        rule='greater'))
