# 8,432 training films: 32 full batches of 256, 30 epochs.
_base_ = './films_224.py'
data_root = 'data/siim'
siim_dataset = dict(type='SIIMPneumothorax', data_root=data_root)
train_dataloader = dict(dataset=siim_dataset)
val_dataloader = dict(dataset=siim_dataset)
test_dataloader = dict(dataset=siim_dataset)
val_evaluator = dict(type='ClassificationMetric', task='binary', num_resamples=0)
test_evaluator = dict(type='ClassificationMetric', task='binary')
train_cfg = dict(by_epoch=False, max_iters=960, val_interval=32)
param_scheduler = dict(type='WarmupCosineLR', warmup=96, by_epoch=False)
