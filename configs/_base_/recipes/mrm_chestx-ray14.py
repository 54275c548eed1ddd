# MRM's fine-tuning on NIH ChestX-ray14: 78,468 films, 818 batches a pass.
_base_ = ['../datasets/chestx-ray14.py', './mrm_224.py']
train_dataloader = dict(dataset=_base_.chestx_ray14_dataset)
val_dataloader = dict(dataset=_base_.chestx_ray14_dataset)
test_dataloader = dict(dataset=_base_.chestx_ray14_dataset)
optim_wrapper = dict(optimizer=dict(lr=3e-3))  # [C]
param_scheduler = dict(warmup=5000)  # [C]
train_cfg = dict(max_iters=200000, val_interval=818)  # [C]; [C] each pass
