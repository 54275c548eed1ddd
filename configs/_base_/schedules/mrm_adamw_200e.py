# MRM's pre-training: AdamW, 1.5e-4 for an effective batch of 256, 200 epochs of which
# the first 40 warm up from zero, half a cosine to zero, stepped with every iteration.
# Norms and biases are not decayed; class and mask token and embeddings are.
optim_wrapper = dict(
    type='AutocastOptimWrapper',
    constructor='MergedGroupsConstructor',
    optimizer=dict(
        type='AdamW', lr=1.5e-4, betas=(0.9, 0.95), weight_decay=0.05, fused=True),
    paramwise_cfg=dict(norm_decay_mult=0., bias_decay_mult=0.))
param_scheduler = dict(
    type='WarmupCosineLR', warmup=40, first_at_zero=True, convert_to_iter_based=True)
train_cfg = dict(by_epoch=True, max_epochs=200)
