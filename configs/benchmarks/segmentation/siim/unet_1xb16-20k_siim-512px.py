# The plain five-level U-Net from random weights, pneumothorax masks of SIIM.
#   python tools/train.py \
#       configs/benchmarks/segmentation/siim/unet_1xb16-20k_siim-512px.py
# A recipe of ours; no published value.
_base_ = [
    '../../../_base_/models/unet.py',
    '../../../_base_/datasets/siim_seg_512.py',
    '../../../_base_/schedules/adamw-1e-4_poly-20k.py',
    '../../../_base_/default_runtime.py',
]
# All films with a pneumothorax and 0.4 times as many without in each epoch, as MRM does.
train_dataloader = dict(
    batch_size=16, sampler=dict(_delete_=True, type='PositiveSampler', infinite=True))
default_hooks = dict(
    logger=dict(interval=50),
    checkpoint=dict(
        by_epoch=False, interval=1000, save_best='segmentation/dice_foreground',
        rule='greater'))
