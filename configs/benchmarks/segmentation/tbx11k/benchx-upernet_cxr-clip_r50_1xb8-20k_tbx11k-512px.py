# BenchX's segmentation protocol on TBX11K, tuberculosis boxes: CXR-CLIP's ResNet-50 is
# frozen and UPerNet learns on its maps.
#   python tools/train.py \
#       configs/benchmarks/segmentation/tbx11k/benchx-upernet_cxr-clip_r50_1xb8-20k_tbx11k-512px.py \
#       --cfg-options model.backbone.encoder.init_cfg.checkpoint=r50_m.tar
# BenchX did not measure CXR-CLIP.
_base_ = [
    '../../../_base_/models/benchx-upernet_cxr-clip_r50.py',
    '../../../_base_/datasets/tbx11k_benchx_512.py',
    '../../../_base_/schedules/benchx-segmentation_20k.py',
]
