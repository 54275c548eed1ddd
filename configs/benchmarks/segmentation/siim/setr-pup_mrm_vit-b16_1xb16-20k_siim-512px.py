# SETR-PUP on MRM's ViT-B/16, all of it trained, pneumothorax masks of SIIM.
#   python tools/train.py \
#       configs/benchmarks/segmentation/siim/setr-pup_mrm_vit-b16_1xb16-20k_siim-512px.py \
#       --cfg-options model.backbone.init_cfg.checkpoint=MRM.pth
# A recipe of ours; no published value.
# SETR-PUP (https://arxiv.org/abs/2012.15840) on a ViT-B/16: four convolutions, each
# followed by doubling the size, take the last block's patches to the size of the film;
# three light heads on earlier blocks help in training.
_base_ = [
    '../../../_base_/models/upernet_vit-b16_512.py',
    '../../../_base_/datasets/siim_seg_positives_512.py',
    '../../../_base_/schedules/adamw-1e-4_poly-20k.py',
]
_last_loss = [
    dict(type='MRMFocalLoss', loss_weight=2.0),
    dict(type='MRMDiceLoss', loss_weight=1.0),
]
_head = dict(
    type='mmseg.SETRUPHead',
    in_channels=768,
    channels=256,
    kernel_size=3,
    norm_cfg=_base_.norm,
    dropout_ratio=0.0,
    num_classes=2,
    out_channels=2,
    align_corners=False)
_early = dict(
    _head,
    num_convs=1,
    up_scale=4,
    loss_decode=[
        dict(type='MRMFocalLoss', loss_weight=0.8),
        dict(type='MRMDiceLoss', loss_weight=0.4),
    ])
model = dict(
    backbone=dict(
        _delete_=True,
        type='mmpretrain.VisionTransformer',
        arch='base',
        img_size=512,
        patch_size=16,
        out_type='featmap',
        out_indices=(3, 5, 7, 11),
        final_norm=False,  # the heads have a norm of their own
        drop_path_rate=0.1,
        norm_cfg=dict(type='LN', eps=1e-06),
        init_cfg=dict(
            type='Pretrained',
            checkpoint='checkpoints/MRM.pth',
            prefix='backbone.',
            allow_unexpected=['ln1.*'])),
    neck=None,
    decode_head=dict(
        _head,
        _delete_=True,
        in_index=3,
        num_convs=4,
        up_scale=2,
        loss_decode=_last_loss),
    auxiliary_head=[
        dict(_early, in_index=0),
        dict(_early, in_index=1),
        dict(_early, in_index=2)
    ])
