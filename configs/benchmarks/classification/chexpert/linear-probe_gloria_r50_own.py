# GLoRIA on CheXpert as its authors use it: a linear layer for five findings.
#   python tools/train.py \
#       configs/benchmarks/classification/chexpert/linear-probe_gloria_r50_own.py \
#       --encoder gloria_r50=chexpert_resnet50.ckpt
# Uncertain labels are present for Atelectasis, Edema and Pleural Effusion, absent for
# Cardiomegaly and Consolidation, as released. The authors' lists cannot be had: they
# were drawn without a seed.
_base_ = [
    '../../../_base_/datasets/chexpert.py',
    '../../../_base_/recipes/gloria.py',
]
encoder = 'gloria_r50'
model = dict(type='FilmClassifier', freeze_backbone=True, head=dict(num_classes=5))
optim_wrapper = dict(clip_grad=dict(max_norm=0.25))
train_dataloader = dict(dataset=_base_.chexpert_dataset)
val_dataloader = dict(dataset=_base_.chexpert_dataset)
test_dataloader = dict(dataset=_base_.chexpert_dataset)
val_evaluator = [
    dict(type='ClassificationMetric', num_resamples=0), dict(type='LabelLossMetric')]
