# MRM's segmentation model: its encoder, ViT-B/16, at 512 px with relative positions and
# layer scales, a pyramid of four maps made of blocks 4, 6, 8 and 12, and UPerNet on it.
# The checkpoint is given with --cfg-options model.backbone.init_cfg.checkpoint=FILE
_base_ = './upernet_encoder.py'
model = dict(
    data_preprocessor=dict(
        # MRM's grey values on every channel (255 x 0.4978 and 255 x 0.2449). Films
        # travel as one channel, the three means make three of it.
        mean=[126.939] * 3,
        std=[62.4495] * 3),
    backbone=dict(type='RelativePositionViT', img_size=512),
    neck=dict(type='mmseg.Feature2Pyramid', embed_dim=768, norm_cfg=_base_.norm),
    decode_head=dict(in_channels=[768] * 4, channels=768),
    auxiliary_head=dict(in_channels=768))
