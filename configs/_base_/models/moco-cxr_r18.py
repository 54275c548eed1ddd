# MoCo-CXR, ResNet-18.
_base_ = './moco-cxr_r50.py'
model = dict(
    backbone=dict(depth=18, init_cfg=dict(checkpoint='torchvision://resnet18')),
    projection=dict(in_channels=512))
published = dict(checkpoint='checkpoints/moco-cxr_resnet18.pth.tar')
