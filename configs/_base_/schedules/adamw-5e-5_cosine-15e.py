# CXR-CLIP's pre-training: AdamW, global batch 128, 15 epochs of which the first warms
# up, half a cosine down to zero, stepped with every update.
# Biases, norms and the temperature are not decayed, as the authors meant it; their code
# decays all parameters, see the configs named `released`.
optim_wrapper = dict(
    type='OptimWrapper',
    constructor='MergedGroupsConstructor',
    optimizer=dict(type='AdamW', lr=5e-5, weight_decay=1e-4, fused=True),
    paramwise_cfg=dict(
        norm_decay_mult=0.0,
        bias_decay_mult=0.0,
        custom_keys=dict(
            logit_scale=dict(decay_mult=0.0),
            logit_bias=dict(decay_mult=0.0),  # of pair_loss='sigmoid'
        ),
    ),
)
param_scheduler = dict(type='WarmupCosineLR', warmup=1, convert_to_iter_based=True)
train_cfg = dict(by_epoch=True, max_epochs=15, val_interval=1)
val_cfg = dict()
test_cfg = dict()
auto_scale_lr = dict(enable=False, base_batch_size=128)
