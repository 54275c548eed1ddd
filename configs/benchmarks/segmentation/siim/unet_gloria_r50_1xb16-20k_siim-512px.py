# U-Net on GLoRIA's ResNet-50, all of it trained, pneumothorax masks of SIIM.
#   python tools/train.py \
#       configs/benchmarks/segmentation/siim/unet_gloria_r50_1xb16-20k_siim-512px.py \
#       --cfg-options model.backbone.init_cfg.checkpoint=chexpert_resnet50.ckpt
# A recipe of ours; no published value. GLoRIA's own trains with a focal and a Dice loss.
_base_ = [
    '../../../_base_/models/unet_r50.py',
    '../../../_base_/datasets/siim_seg_positives_512.py',
    '../../../_base_/schedules/adamw-1e-4_poly-20k.py',
]
model = dict(
    # GLoRIA's ResNet saw a mean and deviation of 0.5.
    data_preprocessor=dict(mean=[127.5] * 3, std=[127.5] * 3),
    backbone=dict(
        init_cfg=dict(
            type='Pretrained', checkpoint='checkpoints/chexpert_resnet50.ckpt',
            prefix='image_backbone.')))
