# UPerNet on S2MTS2's DenseNet-121, all of it trained, pneumothorax masks of SIIM.
#   python tools/train.py \
#       configs/benchmarks/segmentation/siim/upernet_s2mts2_d121_1xb16-20k_siim-512px.py \
#       --cfg-options model.backbone.init_cfg.checkpoint=s2mts2-chexpert.pth.tar
# A recipe of ours; no published value.
_base_ = [
    '../../../_base_/models/upernet_d121.py',
    '../../../_base_/datasets/siim_seg_positives_512.py',
    '../../../_base_/schedules/adamw-1e-4_poly-20k.py',
]
model = dict(
    # S2MTS2's DenseNet saw ImageNet's mean and deviation.
    data_preprocessor=dict(
        mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375]),
    backbone=dict(
        act_cfg=dict(type='LeakyReLU', negative_slope=0.1),
        init_cfg=dict(
            type='Pretrained', checkpoint='checkpoints/s2mts2-chexpert.pth.tar',
            prefix='backbone.')))
