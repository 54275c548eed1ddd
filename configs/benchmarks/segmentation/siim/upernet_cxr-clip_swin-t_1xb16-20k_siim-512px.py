# UPerNet on CXR-CLIP's Swin-Tiny, all of it trained, pneumothorax masks of SIIM. The
# first three maps pass through norms that pre-training does not have; they start at
# scale 1 and shift 0.
#   python tools/train.py \
#       configs/benchmarks/segmentation/siim/upernet_cxr-clip_swin-t_1xb16-20k_siim-512px.py \
#       --cfg-options model.backbone.init_cfg.checkpoint=swint_m.tar
# A recipe of ours; no published value.
_base_ = [
    '../../../_base_/models/upernet_swin-t.py',
    '../../../_base_/datasets/siim_seg_positives_512.py',
    '../../../_base_/schedules/adamw-1e-4_poly-20k.py',
]
model = dict(
    # CXR-CLIP's Swin saw one half as mean and deviation.
    data_preprocessor=dict(mean=[127.5] * 3, std=[127.5] * 3),
    backbone=dict(
        init_cfg=dict(
            type='Pretrained', checkpoint='checkpoints/swint_m.tar',
            prefix='image_backbone.',
            allow_missing=['norm[012].*'])))
