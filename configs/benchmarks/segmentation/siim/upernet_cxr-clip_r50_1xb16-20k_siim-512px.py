# UPerNet on CXR-CLIP's ResNet-50, all of it trained, pneumothorax masks of SIIM.
#   python tools/train.py \
#       configs/benchmarks/segmentation/siim/upernet_cxr-clip_r50_1xb16-20k_siim-512px.py \
#       --cfg-options model.backbone.init_cfg.checkpoint=r50_m.tar
# A recipe of ours; no published value.
_base_ = [
    '../../../_base_/models/upernet_r50.py',
    '../../../_base_/datasets/siim_seg_positives_512.py',
    '../../../_base_/schedules/adamw-1e-4_poly-20k.py',
]
model = dict(
    # CXR-CLIP's ResNet saw ImageNet's mean and deviation.
    data_preprocessor=dict(
        mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375]),
    backbone=dict(
        init_cfg=dict(
            type='Pretrained', checkpoint='checkpoints/r50_m.tar',
            prefix='image_backbone.')))
