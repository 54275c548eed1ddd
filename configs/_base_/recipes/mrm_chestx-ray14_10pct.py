# The 10 % list of MRM: 7,847 films, 82 batches a pass.
_base_ = './mrm_chestx-ray14.py'
train_dataloader = dict(dataset=dict(fraction=0.1))
optim_wrapper = dict(optimizer=dict(lr=3e-3))  # [C]
param_scheduler = dict(warmup=500)  # [C]
train_cfg = dict(max_iters=30000, val_interval=82)  # [C]; [C] each pass
