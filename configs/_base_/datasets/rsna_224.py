# CXR-CLIP's recipe and lists: 18,678 training films, 72 full batches of 256, 30 epochs.
_base_ = ['./films_224.py', './rsna.py']
rsna_dataset = dict(_base_.rsna_dataset, split_scheme='cxr_clip')
train_dataloader = dict(dataset=rsna_dataset)
val_dataloader = dict(dataset=rsna_dataset)
test_dataloader = dict(dataset=rsna_dataset)
val_evaluator = [
    dict(type='ClassificationMetric', task='binary', num_resamples=0),
    dict(type='LabelLossMetric'),
]
train_cfg = dict(by_epoch=False, max_iters=2160, val_interval=72)
param_scheduler = dict(type='WarmupCosineLR', warmup=216, by_epoch=False)
