# 12,000 training films: 46 full batches of 256, 30 epochs.
_base_ = './films_224.py'
data_root = 'data/vindr-cxr'
vindr_cxr_dataset = dict(type='VinDrCXR', data_root=data_root)
train_dataloader = dict(dataset=vindr_cxr_dataset)
val_dataloader = dict(dataset=vindr_cxr_dataset)
test_dataloader = dict(dataset=vindr_cxr_dataset)
val_evaluator = [
    dict(type='ClassificationMetric', task='multilabel', num_resamples=0),
    dict(type='LabelLossMetric'),
]
test_evaluator = dict(type='ClassificationMetric', task='multilabel')
train_cfg = dict(by_epoch=False, max_iters=1380, val_interval=46)
param_scheduler = dict(type='WarmupCosineLR', warmup=138, by_epoch=False)
