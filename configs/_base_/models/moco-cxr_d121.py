# MoCo-CXR, DenseNet-121.
_base_ = './moco-cxr_r50.py'
model = dict(
    backbone=dict(
        _delete_=True,
        type='mmpretrain.DenseNet', arch='121',
        init_cfg=dict(type='Pretrained', checkpoint='torchvision://densenet121')),
    projection=dict(in_channels=1024))
published = dict(checkpoint='checkpoints/d1w-00001.pth.tar')
