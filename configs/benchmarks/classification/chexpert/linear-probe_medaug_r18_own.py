# MedAug's ResNet-18 on CheXpert as its authors use it: a linear layer, 1 % of the
# labels, two outputs, No Finding and Pleural Effusion, of which the second counts.
# Labels that are uncertain carry no loss, and what a report does not mention is absent.
#   python tools/train.py \
#       configs/benchmarks/classification/chexpert/linear-probe_medaug_r18_own.py \
#       --cfg-options model.backbone.init_cfg.checkpoint=medaug_mimic-cxr_resnet18.pth.tar
# Five draws, as theirs: train_dataloader.dataset.fraction_seed=0 to 4; which films
# theirs hold is in label_fractions of their repository. Published: mean AUROC 14.4 %
# above that from ImageNet (abstract); no table can be had.
_base_ = [
    '../../../_base_/models/film-classifier_medaug_r18.py',
    '../../../_base_/recipes/medaug_chexpert.py',
]
model = dict(freeze_backbone=True, head=dict(num_classes=2))
