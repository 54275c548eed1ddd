# BenchX's segmentation model on CXR-CLIP's Swin-Tiny, frozen. Its first three maps pass
# through norms that pre-training does not have; they stay at scale 1 and shift 0.
_base_ = './upernet_swin-t.py'
model = dict(
    backbone=dict(
        _delete_=True,
        type='FrozenEncoder',
        encoder=dict(
            _base_.model.backbone,
            init_cfg=dict(
                type='Pretrained', checkpoint='checkpoints/swint_m.tar',
                prefix='image_backbone.', allow_missing=['norm[012].*']))),
    decode_head=dict(
        loss_decode=[dict(type='mmseg.CrossEntropyLoss', loss_weight=1.0)]),
    auxiliary_head=dict(
        loss_decode=[dict(type='mmseg.CrossEntropyLoss', loss_weight=0.4)]))
