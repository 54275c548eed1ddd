# CXR-CLIP's probe: AdamW, warm-up over a tenth of all updates, half a cosine to zero.
# The number of updates stands with the dataset; `warmup` is a tenth of it.
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=5e-5, weight_decay=1e-4),
)
val_cfg = dict()
auto_scale_lr = dict(enable=False, base_batch_size=256)
log_processor = dict(by_epoch=False)
