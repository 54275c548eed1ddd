# MRM's segmentation model: its encoder, ViT-B/16, at 512 px with relative positions and
# layer scales, a pyramid of four maps made of blocks 4, 6, 8 and 12, and UPerNet on it.
# The checkpoint is given with --cfg-options model.backbone.init_cfg.checkpoint=FILE
norm = dict(type='SyncBN', requires_grad=True)
model = dict(
    type='mmseg.EncoderDecoder',
    data_preprocessor=dict(
        type='mmseg.SegDataPreProcessor',
        # MRM's grey values on every channel (255 x 0.4978 and 255 x 0.2449). Films
        # travel as one channel, the three means make three of it.
        mean=[126.939] * 3,
        std=[62.4495] * 3,
        size=(512, 512),
        test_cfg=dict(size=(512, 512)),
        pad_val=0,  # after normalising
        seg_pad_val=255),
    backbone=dict(type='RelativePositionViT', img_size=512),
    neck=dict(type='mmseg.Feature2Pyramid', embed_dim=768, norm_cfg=norm),
    decode_head=dict(
        type='mmseg.UPerHead',
        in_channels=[768] * 4,
        in_index=[0, 1, 2, 3],
        channels=768,
        pool_scales=(1, 2, 3, 6),
        dropout_ratio=0.1,
        num_classes=2,
        out_channels=2,
        norm_cfg=norm,
        align_corners=False,
        loss_decode=[
            dict(type='MRMFocalLoss', loss_weight=2.0),
            dict(type='MRMDiceLoss', loss_weight=1.0),
        ]),
    auxiliary_head=dict(
        type='mmseg.FCNHead',
        in_channels=768,
        in_index=2,
        channels=256,
        num_convs=1,
        concat_input=False,
        dropout_ratio=0.1,
        num_classes=2,
        out_channels=2,
        norm_cfg=norm,
        align_corners=False,
        loss_decode=[
            dict(type='MRMFocalLoss', loss_weight=0.8),
            dict(type='MRMDiceLoss', loss_weight=0.4),
        ]),
    train_cfg=dict(),
    test_cfg=dict(mode='whole'))
