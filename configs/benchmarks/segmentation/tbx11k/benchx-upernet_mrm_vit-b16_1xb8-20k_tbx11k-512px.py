# BenchX's segmentation protocol on TBX11K, tuberculosis boxes: MRM's ViT-B/16 is frozen
# and UPerNet learns on its maps.
#   python tools/train.py \
#       configs/benchmarks/segmentation/tbx11k/benchx-upernet_mrm_vit-b16_1xb8-20k_tbx11k-512px.py \
#       --cfg-options model.backbone.encoder.init_cfg.checkpoint=MRM.pth
# Expected: segmentation/dice_mean 0.8785 (0.0047), BenchX
# (https://arxiv.org/abs/2410.21969), mean and standard deviation of three seeds,
# measured at 512 px; predicting nothing scores just under 0.5.
_base_ = [
    '../../../_base_/models/benchx-upernet_mrm_vit-b16.py',
    '../../../_base_/datasets/tbx11k_benchx_512.py',
    '../../../_base_/schedules/benchx-segmentation_20k.py',
]
