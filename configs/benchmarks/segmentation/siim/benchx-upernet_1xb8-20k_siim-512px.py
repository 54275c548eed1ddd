# BenchX's segmentation protocol on SIIM, pneumothorax masks: MRM's ViT-B/16 is frozen
# and UPerNet learns on its maps.
#   python tools/train.py \
#       configs/benchmarks/segmentation/siim/benchx-upernet_1xb8-20k_siim-512px.py \
#       --encoder mrm_vit-b16=MRM.pth
# Any other encoder: --encoder cxr-clip_r50=r50_m.tar, ...
# Expected of MRM: segmentation/dice_mean 0.7866 (0.0052), BenchX
# (https://arxiv.org/abs/2410.21969), mean and standard deviation of three seeds,
# measured at 512 px; predicting nothing scores just under 0.5.
# SIIM-ACR pneumothorax masks in BenchX's lists, which are clean: 9,303 / 1,372 / 1,372.
_base_ = [
    '../../../_base_/models/benchx-upernet.py',
    '../../../_base_/datasets/benchx_masks_512.py',
    '../../../_base_/schedules/benchx-segmentation_20k.py',
]
data_root = 'data/siim'
siim_dataset = dict(type='SIIMPneumothoraxSeg', data_root=data_root)
train_dataloader = dict(dataset=siim_dataset)
val_dataloader = dict(dataset=siim_dataset)
test_dataloader = dict(dataset=siim_dataset)
encoder = 'mrm_vit-b16'
