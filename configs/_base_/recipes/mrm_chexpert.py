# MRM's fine-tuning on CheXpert: 218,414 films, 2276 batches a pass.
_base_ = ['../datasets/chexpert.py', './mrm_224.py']
train_dataloader = dict(dataset=_base_.chexpert_dataset)
val_dataloader = dict(dataset=_base_.chexpert_dataset)
test_dataloader = dict(dataset=_base_.chexpert_dataset)
optim_wrapper = dict(optimizer=dict(lr=5e-4))  # [S]
param_scheduler = dict(warmup=15000)  # [S]
train_cfg = dict(max_iters=200000, val_interval=2276)  # [S]; [A] each pass
