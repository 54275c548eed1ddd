# The plain five-level U-Net from random weights, pneumothorax masks of SIIM.
#   python tools/train.py \
#       configs/benchmarks/segmentation/siim/unet_1xb16-20k_siim-512px.py
# A recipe of ours; no published value.
# The plain U-Net of five levels, encoder and decoder in one, from random weights.
# Sides must be multiples of 16.
_base_ = [
    '../../../_base_/models/unet_r18.py',
    '../../../_base_/datasets/siim_seg_positives_512.py',
    '../../../_base_/schedules/adamw-1e-4_poly-20k.py',
]
model = dict(
    backbone=dict(
        _delete_=True,
        type='mmseg.UNet',
        base_channels=64,
        norm_cfg=dict(type='SyncBN'),
        upsample_cfg=dict(type='mmseg.InterpConv')),
    neck=None,
    decode_head=dict(in_channels=64, channels=64))
