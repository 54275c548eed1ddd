# MedAug's image encoder, ResNet-18.
_base_ = './medaug_r50.py'
model = dict(backbone=dict(depth=18))
published = dict(checkpoint='checkpoints/medaug_mimic-cxr_resnet18.pth.tar')
