# The plain U-Net of five levels, encoder and decoder in one, from random weights.
# Sides must be multiples of 16.
_base_ = './unet_r18.py'
model = dict(
    backbone=dict(
        _delete_=True,
        type='mmseg.UNet',
        base_channels=64,
        norm_cfg=dict(type='SyncBN'),
        upsample_cfg=dict(type='mmseg.InterpConv')),
    neck=None,
    decode_head=dict(in_channels=64, channels=64))
