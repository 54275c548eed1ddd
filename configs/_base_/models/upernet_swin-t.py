# UPerNet on a Swin-Tiny. Maps smaller than a window, as films below 224 px have, are padded.
_base_ = './upernet_vit-b16_512.py'
model = dict(
    backbone=dict(
        _delete_=True, type='mmpretrain.SwinTransformer', arch='tiny', img_size=224,
        drop_path_rate=0.1, pad_small_map=True, out_indices=(0, 1, 2, 3)),
    neck=None,
    decode_head=dict(in_channels=[96, 192, 384, 768], channels=512),
    auxiliary_head=dict(in_channels=384))
