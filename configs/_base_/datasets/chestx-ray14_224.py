# CXR-CLIP's recipe: 78,468 training films, 306 full batches of 256, 30 epochs.
_base_ = ['./films_224.py', './chestx-ray14.py']
train_dataloader = dict(dataset=_base_.chestx_ray14_dataset)
val_dataloader = dict(dataset=_base_.chestx_ray14_dataset)
test_dataloader = dict(dataset=_base_.chestx_ray14_dataset)
train_cfg = dict(by_epoch=False, max_iters=9180, val_interval=306)
param_scheduler = dict(type='WarmupCosineLR', warmup=918, by_epoch=False)
