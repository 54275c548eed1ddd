# MRM's fine-tuning on one fold of the COVID-19 Image Data Collection: 354 to 356
# films, 4 batches a pass.
_base_ = ['../datasets/covid19_covid.py', './mrm_224.py']
train_dataloader = dict(dataset=_base_.covid19_dataset)
val_dataloader = dict(dataset=_base_.covid19_dataset)
test_dataloader = dict(dataset=_base_.covid19_dataset)
optim_wrapper = dict(optimizer=dict(lr=3e-2))  # [S]
param_scheduler = dict(warmup=50)  # [S]
train_cfg = dict(max_iters=1000, val_interval=4)  # [S]; [A] each pass
