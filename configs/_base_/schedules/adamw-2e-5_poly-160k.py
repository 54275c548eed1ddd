# MRM's segmentation: AdamW, 160,000 updates of 8 films; the rate falls in a line to 0 and
# rises in a line over the first 1,500 from a millionth of it. With `end` one above, both
# lines are those of mmsegmentation 0.x to the last digit.
# Layer decay as MRM meant it (BEiT's): embeddings learn at 0.65^13 of the rate, block i at
# 0.65^(12 - i), the rest at the full rate; no decay of biases, norms, tokens, positions.
# What the released code comes to is in the configs named `released`.
optim_wrapper = dict(
    type='AutocastOptimWrapper',
    optimizer=dict(type='AdamW', lr=2e-5, betas=(0.9, 0.999), weight_decay=0.05),
    constructor='LayerDecayConstructor',
    paramwise_cfg=dict(
        layer_decay_rate=0.65, undecayed=('cls_token', 'pos_embed')))
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-6, by_epoch=False, begin=0, end=1501),
    dict(type='PolyLR', power=1.0, eta_min=0.0, by_epoch=False, begin=0, end=160001),
]
train_cfg = dict(by_epoch=False, max_iters=160000, val_interval=500)
val_cfg = dict(fp16=True)  # validate under autocast too, in bfloat16
test_cfg = dict()
auto_scale_lr = dict(enable=False, base_batch_size=8)
log_processor = dict(by_epoch=False)
