# SETR-PUP on MRM's ViT-B/16, all of it trained, pneumothorax masks of SIIM.
#   python tools/train.py \
#       configs/benchmarks/segmentation/siim/setr-pup_mrm_vit-b16_1xb16-20k_siim-512px.py \
#       --cfg-options model.backbone.init_cfg.checkpoint=MRM.pth
# A recipe of ours; no published value.
_base_ = [
    '../../../_base_/models/setr-pup_vit-b16_512.py',
    '../../../_base_/datasets/siim_seg_positives_512.py',
    '../../../_base_/schedules/adamw-1e-4_poly-20k.py',
]
model = dict(
    backbone=dict(
        init_cfg=dict(
            type='Pretrained', checkpoint='checkpoints/MRM.pth',
            prefix='backbone.',
            allow_unexpected=['ln1.*'])))
