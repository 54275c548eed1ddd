# BenchX's segmentation protocol on Object-CXR, foreign objects: MRM's ViT-B/16 is frozen
# and UPerNet learns on its maps.
#   python tools/train.py \
#       configs/benchmarks/segmentation/object-cxr/benchx-upernet_mrm_vit-b16_1xb8-20k_object-cxr-512px.py \
#       --cfg-options model.backbone.encoder.init_cfg.checkpoint=MRM.pth
# Expected: segmentation/dice_mean 0.8045 (0.0002), BenchX
# (https://arxiv.org/abs/2410.21969), mean and standard deviation of three seeds,
# measured at 512 px; predicting nothing scores just under 0.5.
_base_ = [
    '../../../_base_/models/benchx-upernet_mrm_vit-b16.py',
    '../../../_base_/datasets/object-cxr_benchx_512.py',
    '../../../_base_/schedules/benchx-segmentation_20k.py',
]
