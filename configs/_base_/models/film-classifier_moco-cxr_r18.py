# A classifier on MoCo-CXR's image encoder, ResNet-18; the checkpoint is given with
#   --cfg-options model.backbone.init_cfg.checkpoint=FILE
_base_ = './film-classifier_moco-cxr_r50.py'
model = dict(
    backbone=dict(
        depth=18, init_cfg=dict(checkpoint='checkpoints/moco-cxr_resnet18.pth.tar')),
    head=dict(in_channels=512))
