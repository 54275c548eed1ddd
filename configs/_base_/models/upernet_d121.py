# UPerNet on a DenseNet-121. What leaves its four blocks has strides 8, 16, 32 and 32:
# the first three go through the transition, which halves them, and the last through a
# norm alone.
_base_ = './upernet_vit-b16_512.py'
model = dict(
    backbone=dict(
        _delete_=True, type='mmpretrain.DenseNet', arch='121', out_indices=(0, 1, 2, 3)),
    neck=None,
    decode_head=dict(in_channels=[128, 256, 512, 1024], channels=512),
    auxiliary_head=dict(in_channels=512))
