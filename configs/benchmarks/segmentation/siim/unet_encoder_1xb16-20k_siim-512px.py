# U-Net on a pre-trained encoder of stages, all of it trained, pneumothorax masks of SIIM;
# films are normalised as in its pre-training.
#   python tools/train.py \
#       configs/benchmarks/segmentation/siim/unet_encoder_1xb16-20k_siim-512px.py \
#       --encoder cxr-clip_r50=r50_m.tar
# A recipe of ours; no published value. GLoRIA's own trains with a focal and a Dice loss.
_base_ = [
    '../../../_base_/models/unet_encoder.py',
    '../../../_base_/datasets/siim_seg_positives_512.py',
    '../../../_base_/schedules/adamw-1e-4_poly-20k.py',
]
encoder = 'cxr-clip_r50'
