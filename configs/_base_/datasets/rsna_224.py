# 18,678 training films: 72 full batches of 256, 30 epochs.
_base_ = './films_224.py'
data_root = 'data/rsna'
rsna_dataset = dict(type='RSNAPneumonia', data_root=data_root)
train_dataloader = dict(dataset=rsna_dataset)
val_dataloader = dict(dataset=rsna_dataset)
test_dataloader = dict(dataset=rsna_dataset)
val_evaluator = [
    dict(type='ClassificationMetric', task='binary', num_resamples=0),
    dict(type='LabelLossMetric'),
]
test_evaluator = dict(type='ClassificationMetric', task='binary')
train_cfg = dict(by_epoch=False, max_iters=2160, val_interval=72)
param_scheduler = dict(type='WarmupCosineLR', warmup=216, by_epoch=False)
