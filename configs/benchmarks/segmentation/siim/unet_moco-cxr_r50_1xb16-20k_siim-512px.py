# U-Net on MoCo-CXR's ResNet-50, all of it trained, pneumothorax masks of SIIM.
#   python tools/train.py \
#       configs/benchmarks/segmentation/siim/unet_moco-cxr_r50_1xb16-20k_siim-512px.py \
#       --cfg-options model.backbone.init_cfg.checkpoint=moco-cxr_resnet50.pth.tar
# A recipe of ours; no published value.
_base_ = [
    '../../../_base_/models/unet_r50.py',
    '../../../_base_/datasets/siim_seg_positives_512.py',
    '../../../_base_/schedules/adamw-1e-4_poly-20k.py',
]
model = dict(
    # MoCo-CXR's mean and deviation, 0.5020 and 0.085585.
    data_preprocessor=dict(mean=[128.01] * 3, std=[21.824175] * 3),
    backbone=dict(
        init_cfg=dict(
            type='Pretrained', checkpoint='checkpoints/moco-cxr_resnet50.pth.tar',
            prefix='backbone.')))
