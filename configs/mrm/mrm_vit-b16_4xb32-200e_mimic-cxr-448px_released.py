# MRM (https://arxiv.org/abs/2301.13155) as it was pre-trained for the published file:
# four GPUs x 32 x 2 accumulated, 200 epochs, from MAE's ViT-B/16.
#
#   bash tools/dist_train.sh \
#       configs/mrm/mrm_vit-b16_4xb32-200e_mimic-cxr-448px_released.py 4
#
# Start weights: mae_pretrain_vit_base.pth of https://github.com/facebookresearch/mae
# (its encoder alone; md5 begins with 8cad7c).
# As released, and not as the paper means it: every token carries loss, visible ones and
# padding too; films are mirrored and their reports are not; the image decoder's positions
# are of the low-range table. mrm_vit-b16_4xb32-200e_mimic-cxr-448px.py mends all three.
# Differs from the released run: bfloat16. That was float16 with a scaled loss, which is
#   --cfg-options optim_wrapper.type=AmpOptimWrapper
# and needs a GPU. Expected values: see model_zoo.md; nothing was trained here.
_base_ = [
    '../_base_/models/mrm_vit-b16.py',
    '../_base_/datasets/mrm_mimic-cxr_448.py',
    '../_base_/schedules/mrm_adamw_200e.py',
    '../_base_/default_runtime.py',
]
model = dict(
    backbone=dict(
        init_cfg=dict(
            type='Pretrained', checkpoint='checkpoints/mae_pretrain_vit_base.pth')),
    image_decoder=dict(pos_table='mrm'),
    loss_on='all')
optim_wrapper = dict(accumulative_counts=2)
auto_scale_lr = dict(enable=False, base_batch_size=128)  # per accumulated iteration
