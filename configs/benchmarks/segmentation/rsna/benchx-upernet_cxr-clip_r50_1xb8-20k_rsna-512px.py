# BenchX's segmentation protocol on RSNA, pneumonia boxes: CXR-CLIP's ResNet-50 is frozen
# and UPerNet learns on its maps.
#   python tools/train.py \
#       configs/benchmarks/segmentation/rsna/benchx-upernet_cxr-clip_r50_1xb8-20k_rsna-512px.py \
#       --cfg-options model.backbone.encoder.init_cfg.checkpoint=r50_m.tar
# BenchX did not measure CXR-CLIP.
_base_ = [
    '../../../_base_/models/benchx-upernet_cxr-clip_r50.py',
    '../../../_base_/datasets/rsna_benchx_512.py',
    '../../../_base_/schedules/benchx-segmentation_20k.py',
]
optim_wrapper = dict(optimizer=dict(lr=1e-4))
