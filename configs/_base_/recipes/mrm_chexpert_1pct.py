# The 1 % list of MRM: 2,184 films, 23 batches a pass.
_base_ = './mrm_chexpert.py'
train_dataloader = dict(dataset=dict(fraction=0.01))
optim_wrapper = dict(optimizer=dict(lr=3e-3))  # [S]
param_scheduler = dict(warmup=150)  # [S]
train_cfg = dict(max_iters=2000, val_interval=23)  # [S]; [A] each pass
