# RANZCR CLiP: 11 labels of tubes and lines, drawn 70/10/20 % by patient, for the truth
# of the official test films was never given out. About 21,058 training films (70 % of
# 30,083; the draw goes by patient): 82 full batches of 256, 30 epochs.
_base_ = './films_224.py'
data_root = 'data/ranzcr-clip'
ranzcr_clip_dataset = dict(
    type='RANZCRCLiP', data_root=data_root, split_scheme='clean')
train_dataloader = dict(dataset=ranzcr_clip_dataset)
val_dataloader = dict(dataset=ranzcr_clip_dataset)
test_dataloader = dict(dataset=ranzcr_clip_dataset)
val_evaluator = [
    dict(type='ClassificationMetric', task='multilabel', num_resamples=0),
    dict(type='LabelLossMetric'),
]
test_evaluator = dict(type='ClassificationMetric', task='multilabel')
train_cfg = dict(by_epoch=False, max_iters=2460, val_interval=82)
param_scheduler = dict(type='WarmupCosineLR', warmup=246, by_epoch=False)
