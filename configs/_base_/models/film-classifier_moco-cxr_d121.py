# A classifier on MoCo-CXR's image encoder, DenseNet-121; the checkpoint is given with
#   --cfg-options model.backbone.init_cfg.checkpoint=FILE
_base_ = './film-classifier_moco-cxr_r50.py'
model = dict(
    backbone=dict(
        _delete_=True,
        type='mmpretrain.DenseNet', arch='121',
        init_cfg=dict(
            type='Pretrained', checkpoint='checkpoints/d1w-00001.pth.tar',
            prefix='backbone.')),
    head=dict(in_channels=1024))
