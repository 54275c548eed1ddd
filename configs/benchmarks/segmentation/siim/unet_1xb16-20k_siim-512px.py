# The plain five-level U-Net from random weights, pneumothorax masks of SIIM.
#   python tools/train.py \
#       configs/benchmarks/segmentation/siim/unet_1xb16-20k_siim-512px.py
# A recipe of ours; no published value.
_base_ = [
    '../../../_base_/models/unet.py',
    '../../../_base_/datasets/siim_seg_positives_512.py',
    '../../../_base_/schedules/adamw-1e-4_poly-20k.py',
]
