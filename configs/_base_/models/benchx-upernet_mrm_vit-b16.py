# BenchX's segmentation model on MRM's ViT-B/16, frozen: blocks 4, 6, 8 and 12, the last
# with the final norm of pre-training. BenchX's code leaves the drop path of the frozen
# encoder on in training, here it is off; as released:
#   model.backbone = dict(type='mmpretrain.VisionTransformer', frozen_stages=12, ...)
# with what stands under `encoder`.
_base_ = './upernet_vit-b16_512.py'
model = dict(
    backbone=dict(
        _delete_=True,
        type='FrozenEncoder',
        encoder=dict(
            type='mmpretrain.VisionTransformer',
            arch='base',
            img_size=512,
            patch_size=16,
            out_type='featmap',
            out_indices=(3, 5, 7, 11),
            drop_path_rate=0.1,
            norm_cfg=dict(type='LN', eps=1e-6),
            init_cfg=dict(
                type='Pretrained', checkpoint='checkpoints/MRM.pth',
                prefix='backbone.'))),
    decode_head=dict(
        loss_decode=[dict(type='mmseg.CrossEntropyLoss', loss_weight=1.0)]),
    auxiliary_head=dict(
        loss_decode=[dict(type='mmseg.CrossEntropyLoss', loss_weight=0.4)]))
