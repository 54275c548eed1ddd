# BenchX's fine-tuning where it looks for one finding: the best in validation is that of
# the highest F1, and training stops by it.
_base_ = './benchx.py'
custom_hooks = [
    dict(
        type='EarlyStopHook', monitor='classification/f1', rule='greater',
        min_delta=0.0, patience=10, strict=True),
]
default_hooks = dict(checkpoint=dict(save_best='classification/f1'))
