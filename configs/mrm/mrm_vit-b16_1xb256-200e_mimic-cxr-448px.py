# MRM (https://arxiv.org/abs/2301.13155) on one GPU: the whole batch of 256 at once in
# bfloat16, without mirrored films.
#
#   python tools/train.py configs/mrm/mrm_vit-b16_1xb256-200e_mimic-cxr-448px.py
#
# With less memory, halve the batch and accumulate:
#   --cfg-options train_dataloader.batch_size=128 optim_wrapper.accumulative_counts=2
# Expected values: none published for this variant, and none measured.
# MRM's recipe, but no film is mirrored.
_base_ = [
    '../_base_/models/mrm_vit-b16.py',
    '../_base_/datasets/mrm_mimic-cxr_448.py',
    '../_base_/schedules/mrm_adamw_200e.py',
    '../_base_/default_runtime.py',
]
train_pipeline = [dict(type='LoadFilm'), _base_.crop, *_base_.mask_and_pack]
train_dataloader = dict(
    dataset=dict(pipeline=train_pipeline), batch_size=256, num_workers=16)
model = dict(
    backbone=dict(
        init_cfg=dict(
            type='Pretrained', checkpoint='checkpoints/mae_pretrain_vit_base.pth')),
    loss_on='masked')
auto_scale_lr = dict(enable=False, base_batch_size=256)
