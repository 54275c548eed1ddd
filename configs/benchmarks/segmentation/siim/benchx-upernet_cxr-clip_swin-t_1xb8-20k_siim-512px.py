# BenchX's segmentation protocol on SIIM, pneumothorax masks: CXR-CLIP's Swin-Tiny is
# frozen and UPerNet learns on its maps.
#   python tools/train.py \
#       configs/benchmarks/segmentation/siim/benchx-upernet_cxr-clip_swin-t_1xb8-20k_siim-512px.py \
#       --cfg-options model.backbone.encoder.init_cfg.checkpoint=swint_m.tar
# BenchX did not measure CXR-CLIP.
_base_ = [
    '../../../_base_/models/benchx-upernet_cxr-clip_swin-t.py',
    '../../../_base_/datasets/siim_benchx_512.py',
    '../../../_base_/schedules/benchx-segmentation_20k.py',
]
