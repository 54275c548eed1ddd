# A linear layer on MoCo-CXR's ResNet-18 for CheXpert, else as
# finetune_moco-cxr_r18_own.py.
#   python tools/train.py \
#       configs/benchmarks/classification/chexpert/linear-probe_moco-cxr_r18_own.py \
#       --cfg-options model.backbone.init_cfg.checkpoint=moco-cxr_resnet18.pth.tar
# Published AUROC at 0.1 / 1 / 10 / 100 %, read off a figure: .776 / .838 / .848 / .850.
_base_ = [
    '../../../_base_/models/film-classifier_moco-cxr_r18.py',
    '../../../_base_/datasets/chexpert.py',
    '../../../_base_/recipes/moco-cxr.py',
]
model = dict(
    freeze_backbone=True,
    data_preprocessor=dict(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225)),
    head=dict(num_classes=2))
chexpert_dataset = dict(
    _base_.chexpert_dataset,
    classes=('No Finding', 'Pleural Effusion'),
    uncertain='ignore')
train_dataloader = dict(dataset=chexpert_dataset)
val_dataloader = dict(dataset=chexpert_dataset)
test_dataloader = dict(dataset=chexpert_dataset)
val_evaluator = dict(classes=['Pleural Effusion'])
test_evaluator = dict(classes=['Pleural Effusion'])
