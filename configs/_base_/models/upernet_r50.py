# UPerNet on a ResNet-50.
_base_ = './upernet_vit-b16_512.py'
model = dict(
    backbone=dict(
        _delete_=True, type='mmpretrain.ResNet', depth=50, out_indices=(0, 1, 2, 3)),
    neck=None,
    decode_head=dict(in_channels=[256, 512, 1024, 2048], channels=512),
    auxiliary_head=dict(in_channels=1024))
