# CXR-CLIP's recipe: 218,414 training films, 853 full batches of 256, 30 epochs.
_base_ = ['./films_224.py', './chexpert.py']
train_dataloader = dict(dataset=_base_.chexpert_dataset)
val_dataloader = dict(dataset=_base_.chexpert_dataset)
test_dataloader = dict(dataset=_base_.chexpert_dataset)
train_cfg = dict(by_epoch=False, max_iters=25590, val_interval=853)
param_scheduler = dict(type='WarmupCosineLR', warmup=2559, by_epoch=False)
