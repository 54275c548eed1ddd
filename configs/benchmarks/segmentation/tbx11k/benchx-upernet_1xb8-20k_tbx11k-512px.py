# BenchX's segmentation protocol on TBX11K, tuberculosis boxes: MRM's ViT-B/16 is frozen
# and UPerNet learns on its maps.
#   python tools/train.py \
#       configs/benchmarks/segmentation/tbx11k/benchx-upernet_1xb8-20k_tbx11k-512px.py \
#       --encoder mrm_vit-b16=MRM.pth
# Any other encoder: --encoder cxr-clip_r50=r50_m.tar, ...
# Expected of MRM: segmentation/dice_mean 0.8785 (0.0047), BenchX
# (https://arxiv.org/abs/2410.21969), mean and standard deviation of three seeds,
# measured at 512 px; predicting nothing scores just under 0.5.
# TBX11K tuberculosis boxes in BenchX's lists: 5,879 / 1,260 / 1,260 films, drawn from
# the part of the data set whose labels are public.
_base_ = [
    '../../../_base_/models/benchx-upernet.py',
    '../../../_base_/datasets/benchx_boxes_512.py',
    '../../../_base_/schedules/benchx-segmentation_20k.py',
]
data_root = 'data/tbx11k'
tbx11k_dataset = dict(type='TBX11KSeg', data_root=data_root)
train_dataloader = dict(dataset=tbx11k_dataset)
val_dataloader = dict(dataset=tbx11k_dataset)
test_dataloader = dict(dataset=tbx11k_dataset)
encoder = 'mrm_vit-b16'
