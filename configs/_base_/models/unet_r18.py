# U-Net on a ResNet-18.
_base_ = './unet_encoder.py'
model = dict(
    # Films travel as one channel, the three means make three of it.
    data_preprocessor=dict(mean=[126.939] * 3, std=[62.4495] * 3),
    backbone=dict(type='mmpretrain.ResNet', depth=18, out_indices=(0, 1, 2, 3)),
    neck=dict(in_channels=(64, 128, 256, 512)))
