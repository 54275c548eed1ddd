# 35 full batches of 256, 30 epochs: the released list has 9,067 training rows, a film
# of several masks being there as often. Here each of its 8,578 films is there once.
_base_ = './films_224.py'
data_root = 'data/siim'
siim_dataset = dict(type='SIIMPneumothorax', data_root=data_root)
train_dataloader = dict(dataset=siim_dataset)
val_dataloader = dict(dataset=siim_dataset)
test_dataloader = dict(dataset=siim_dataset)
val_evaluator = [
    dict(type='ClassificationMetric', task='binary', num_resamples=0),
    dict(type='LabelLossMetric'),
]
test_evaluator = dict(type='ClassificationMetric', task='binary')
train_cfg = dict(by_epoch=False, max_iters=1050, val_interval=35)
param_scheduler = dict(type='WarmupCosineLR', warmup=105, by_epoch=False)
