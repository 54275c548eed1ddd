# A linear layer on GLoRIA's ResNet-50, frozen and in eval mode, for RANZCR CLiP, by
# CXR-CLIP's recipe (AdamW 5e-5, batch 256, warm-up a tenth of all updates).
#   bash tools/dist_train.sh \
#       configs/benchmarks/classification/ranzcr-clip/linear-probe.py 1 \
#       --encoder gloria_r50=chexpert_resnet50.ckpt
# Any other encoder: --encoder mrm_vit-b16=MRM.pth, ...; names: tools/misc/list_encoders.py.
# The encoder too is trained: --cfg-options model.freeze_backbone=False
# Not the protocol of the cxrlearn paper (mean AUROC .859 probed and .883 fine-tuned, by
# its figures), whose split is not known here.
# RANZCR CLiP: 11 labels of tubes and lines, drawn 70/10/20 % by patient, for the truth
# of the official test films was never given out. About 21,058 training films (70 % of
# 30,083; the draw goes by patient): 82 full batches of 256, 30 epochs.
_base_ = [
    '../../../_base_/datasets/films_224.py',
    '../../../_base_/schedules/adamw-5e-5_cosine-by-iter.py',
    '../../../_base_/default_runtime.py',
]
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
encoder = 'gloria_r50'
model = dict(type='FilmClassifier', freeze_backbone=True, head=dict(num_classes=11))
default_hooks = dict(
    checkpoint=dict(
        by_epoch=False, interval=82, save_best='classification/auroc',
        rule='greater'))
