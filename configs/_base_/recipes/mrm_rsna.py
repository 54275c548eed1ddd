# MRM's fine-tuning on RSNA Pneumonia: 25,184 films, 263 batches a pass.
_base_ = ['../datasets/rsna.py', './mrm_224.py']
train_dataloader = dict(dataset=_base_.rsna_dataset)
val_dataloader = dict(dataset=_base_.rsna_dataset)
test_dataloader = dict(dataset=_base_.rsna_dataset)
optim_wrapper = dict(optimizer=dict(lr=5e-4))  # [S]
param_scheduler = dict(warmup=2000)  # [S]
train_cfg = dict(max_iters=50000, val_interval=263)  # [S]; [A] each pass
