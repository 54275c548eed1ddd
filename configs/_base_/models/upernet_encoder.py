# UPerNet on the four maps of an encoder, which the config names; its widths and grey
# values follow.
norm = dict(type='SyncBN', requires_grad=True)
model = dict(
    type='mmseg.EncoderDecoder',
    data_preprocessor=dict(
        type='mmseg.SegDataPreProcessor',
        size=(512, 512),
        test_cfg=dict(size=(512, 512)),
        pad_val=0,  # after normalising
        seg_pad_val=255),
    decode_head=dict(
        type='mmseg.UPerHead',
        in_index=[0, 1, 2, 3],
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
