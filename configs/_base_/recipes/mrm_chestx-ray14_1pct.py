# The 1 % list of MRM: 785 films, 9 batches a pass.
_base_ = './mrm_chestx-ray14.py'
train_dataloader = dict(dataset=dict(fraction=0.01))
optim_wrapper = dict(optimizer=dict(lr=3e-2))  # [C]
param_scheduler = dict(warmup=50)  # [C]
train_cfg = dict(max_iters=3000, val_interval=9)  # [C]; [C] each pass
