# The 10 % list of MRM: 21,841 films, 228 batches a pass.
_base_ = './mrm_chexpert.py'
train_dataloader = dict(dataset=dict(fraction=0.1))
optim_wrapper = dict(optimizer=dict(lr=5e-4))  # [S]
param_scheduler = dict(warmup=1500)  # [S]
train_cfg = dict(max_iters=60000, val_interval=228)  # [S]; [A] each pass
