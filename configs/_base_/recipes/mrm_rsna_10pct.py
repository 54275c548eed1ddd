# The 10 % list of MRM: 2,518 films, 27 batches a pass.
_base_ = './mrm_rsna.py'
train_dataloader = dict(dataset=dict(fraction=0.1))
optim_wrapper = dict(optimizer=dict(lr=5e-4))  # [S]
param_scheduler = dict(warmup=200)  # [S]
train_cfg = dict(max_iters=10000, val_interval=27)  # [S]; [A] each pass
