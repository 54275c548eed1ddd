# BenchX's segmentation: AdamW, 20,000 updates of 8 films, a warm-up of 1,500 from a
# millionth of the rate, then a line to 0; validated every 2,000, the best by the mean of
# background and foreground Dice. The rate is 1e-3, on RSNA 1e-4 (the paper has 1e-4 on
# Object-CXR too). Seeds 42, 0 and 1; float16 with a scaled loss is bfloat16 here.
_base_ = '../default_runtime.py'
optim_wrapper = dict(
    type='AutocastOptimWrapper',
    optimizer=dict(type='AdamW', lr=1e-3, betas=(0.9, 0.999), weight_decay=0.05))
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-6, by_epoch=False, begin=0, end=1500),
    dict(type='PolyLR', power=1.0, eta_min=0.0, by_epoch=False, begin=1500, end=20000),
]
train_cfg = dict(by_epoch=False, max_iters=20000, val_interval=2000)
val_cfg = dict()
test_cfg = dict()
randomness = dict(seed=42)
log_processor = dict(by_epoch=False)
default_hooks = dict(
    logger=dict(interval=50),
    checkpoint=dict(
        by_epoch=False, interval=2000, save_best='segmentation/dice_mean',
        rule='greater'))
