# BenchX's segmentation model on CXR-CLIP's ResNet-50, frozen.
_base_ = './upernet_r50.py'
model = dict(
    backbone=dict(
        _delete_=True,
        type='FrozenEncoder',
        encoder=dict(
            _base_.model.backbone,
            init_cfg=dict(
                type='Pretrained', checkpoint='checkpoints/r50_m.tar',
                prefix='image_backbone.'))),
    decode_head=dict(
        loss_decode=[dict(type='mmseg.CrossEntropyLoss', loss_weight=1.0)]),
    auxiliary_head=dict(
        loss_decode=[dict(type='mmseg.CrossEntropyLoss', loss_weight=0.4)]))
