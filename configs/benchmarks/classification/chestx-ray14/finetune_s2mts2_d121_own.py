# The supervised start of S2MTS2 on NIH ChestX-ray14: 14 findings and No Finding as the
# 15th output, of which validation and test leave out the last.
#   python tools/train.py \
#       configs/benchmarks/classification/chestx-ray14/finetune_s2mts2_d121_own.py \
#       --cfg-options model.backbone.init_cfg.checkpoint=s2mts2-chexpert.pth.tar
# The paper's numbers are of its semi-supervised training, which its release does not
# have.
_base_ = [
    '../../../_base_/models/film-classifier_s2mts2_d121.py',
    '../../../_base_/datasets/chestx-ray14.py',
    '../../../_base_/recipes/s2mts2.py',
]
findings = (
    'Atelectasis', 'Cardiomegaly', 'Effusion', 'Infiltration', 'Mass', 'Nodule',
    'Pneumonia', 'Pneumothorax', 'Consolidation', 'Edema', 'Emphysema', 'Fibrosis',
    'Pleural_Thickening', 'Hernia')
model = dict(
    data_preprocessor=_base_.film_normalisation, head=dict(num_classes=15))
chestx_ray14_dataset = dict(
    _base_.chestx_ray14_dataset, classes=(*findings, 'No Finding'))
train_dataloader = dict(dataset=chestx_ray14_dataset)
val_dataloader = dict(dataset=chestx_ray14_dataset)
test_dataloader = dict(dataset=chestx_ray14_dataset)
val_evaluator = dict(classes=findings)
test_evaluator = dict(classes=findings)
