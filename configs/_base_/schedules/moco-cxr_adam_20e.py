# MoCo-CXR's pre-training: Adam, whose decay is of the L2 kind and of every weight, 20
# epochs, a tenth of the rate after the 12th and again after the 18th.
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='Adam', lr=1e-4, betas=(0.9, 0.999), weight_decay=1e-4))
param_scheduler = dict(type='MultiStepLR', milestones=[12, 18], gamma=0.1)
train_cfg = dict(by_epoch=True, max_epochs=20)
auto_scale_lr = dict(enable=False, base_batch_size=16)
