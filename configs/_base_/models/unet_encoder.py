# U-Net on the four maps of an encoder, which the config names: stages of stride 4, 8, 16
# and 32, each joined once on the way back up, then two steps without a skip to the size of
# the film.
model = dict(
    type='mmseg.EncoderDecoder',
    data_preprocessor=dict(
        type='mmseg.SegDataPreProcessor',
        size=(512, 512),
        test_cfg=dict(size=(512, 512)),
        pad_val=0,  # after normalising
        seg_pad_val=255),
    neck=dict(
        type='UNetNeck',
        channels=(256, 128, 64, 32, 16),
        norm_cfg=dict(type='SyncBN')),
    decode_head=dict(
        type='mmseg.FCNHead',
        in_channels=16,
        in_index=-1,
        channels=16,
        num_convs=0,
        concat_input=False,
        dropout_ratio=0.0,
        num_classes=2,
        out_channels=2,
        align_corners=False,
        loss_decode=[
            dict(type='MRMFocalLoss', loss_weight=2.0),
            dict(type='MRMDiceLoss', loss_weight=1.0),
        ]),
    train_cfg=dict(),
    test_cfg=dict(mode='whole'))
