# The 1 % list of MRM: 251 films, 3 batches a pass.
_base_ = './mrm_rsna.py'
train_dataloader = dict(dataset=dict(fraction=0.01))
optim_wrapper = dict(optimizer=dict(lr=3e-3))  # [S]
param_scheduler = dict(warmup=50)  # [S]
train_cfg = dict(max_iters=2000, val_interval=3)  # [S]; [A] each pass
