# BenchX's segmentation protocol on RSNA, pneumonia boxes: MRM's ViT-B/16 is frozen and
# UPerNet learns on its maps.
#   python tools/train.py \
#       configs/benchmarks/segmentation/rsna/benchx-upernet_1xb8-20k_rsna-512px.py \
#       --encoder mrm_vit-b16=MRM.pth
# Any other encoder: --encoder cxr-clip_r50=r50_m.tar, ...
# Expected of MRM: segmentation/dice_mean 0.7569 (0.0056), BenchX
# (https://arxiv.org/abs/2410.21969), mean and standard deviation of three seeds,
# measured at 512 px; predicting nothing scores just under 0.5.
# RSNA pneumonia boxes in BenchX's lists: 18,678 / 4,003 / 4,003 films. 68 % of the test
# films are of a patient who is in training too (the challenge's "patientId" names a film).
_base_ = [
    '../../../_base_/models/benchx-upernet.py',
    '../../../_base_/datasets/benchx_boxes_512.py',
    '../../../_base_/schedules/benchx-segmentation_20k.py',
]
data_root = 'data/rsna'
rsna_dataset = dict(type='RSNAPneumoniaSeg', data_root=data_root)
train_dataloader = dict(dataset=rsna_dataset)
val_dataloader = dict(dataset=rsna_dataset)
test_dataloader = dict(dataset=rsna_dataset)
encoder = 'mrm_vit-b16'
optim_wrapper = dict(optimizer=dict(lr=1e-4))
