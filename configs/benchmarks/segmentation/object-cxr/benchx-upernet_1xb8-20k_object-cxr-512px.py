# BenchX's segmentation protocol on Object-CXR, foreign objects: MRM's ViT-B/16 is frozen
# and UPerNet learns on its maps.
#   python tools/train.py \
#       configs/benchmarks/segmentation/object-cxr/benchx-upernet_1xb8-20k_object-cxr-512px.py \
#       --encoder mrm_vit-b16=MRM.pth
# Any other encoder: --encoder cxr-clip_r50=r50_m.tar, ...
# Expected of MRM: segmentation/dice_mean 0.8045 (0.0002), BenchX
# (https://arxiv.org/abs/2410.21969), mean and standard deviation of three seeds,
# measured at 512 px; predicting nothing scores just under 0.5.
# Object-CXR foreign objects, the challenge's split: 8,000 / 1,000 / 1,000. An ellipse is
# drawn as one; BenchX fills its box.
_base_ = [
    '../../../_base_/models/benchx-upernet.py',
    '../../../_base_/datasets/benchx_masks_512.py',
    '../../../_base_/schedules/benchx-segmentation_20k.py',
]
data_root = 'data/object-cxr'
object_cxr_dataset = dict(type='ObjectCXRSeg', data_root=data_root)
train_dataloader = dict(dataset=object_cxr_dataset)
val_dataloader = dict(dataset=object_cxr_dataset)
test_dataloader = dict(dataset=object_cxr_dataset)
encoder = 'mrm_vit-b16'
