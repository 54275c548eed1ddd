# BenchX's segmentation model on a frozen encoder, which the config names. Films have the
# grey values of MRM for all encoders. The drop path of the frozen encoder is off in
# training; BenchX's code leaves it on, as released:
#   model.backbone = dict(type='mmpretrain.VisionTransformer', frozen_stages=12, ...)
# with what stands under `encoder` in the config that a run writes.
_base_ = './upernet_encoder.py'
model = dict(
    data_preprocessor=dict(mean=[126.939] * 3, std=[62.4495] * 3),
    backbone=dict(type='FrozenEncoder'),
    decode_head=dict(
        loss_decode=[dict(type='mmseg.CrossEntropyLoss', loss_weight=1.0)]),
    auxiliary_head=dict(
        loss_decode=[dict(type='mmseg.CrossEntropyLoss', loss_weight=0.4)]))
