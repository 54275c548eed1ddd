# GLoRIA on RSNA Pneumonia as its authors use it: a linear layer, in their splits, which
# the converter draws as they did.
#   python tools/train.py \
#       configs/benchmarks/classification/rsna/linear-probe_gloria_r50_own.py \
#       --encoder gloria_r50=chexpert_resnet50.ckpt
_base_ = [
    '../../../_base_/datasets/rsna.py',
    '../../../_base_/recipes/gloria.py',
]
encoder = 'gloria_r50'
model = dict(type='FilmClassifier', freeze_backbone=True, head=dict(num_classes=1))
optim_wrapper = dict(optimizer=dict(lr=5e-4))
rsna_dataset = dict(_base_.rsna_dataset, split_scheme='gloria')
train_dataloader = dict(dataset=rsna_dataset)
val_dataloader = dict(dataset=rsna_dataset)
test_dataloader = dict(dataset=rsna_dataset)
val_evaluator = [
    dict(type='ClassificationMetric', task='binary', num_resamples=0),
    dict(type='LabelLossMetric'),
]
