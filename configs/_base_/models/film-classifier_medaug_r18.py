# A classifier on MedAug's image encoder, ResNet-18; the checkpoint is given with
#   --cfg-options model.backbone.init_cfg.checkpoint=FILE
_base_ = './film-classifier_moco-cxr_r18.py'
model = dict(
    backbone=dict(
        init_cfg=dict(checkpoint='checkpoints/medaug_mimic-cxr_resnet18.pth.tar')))
