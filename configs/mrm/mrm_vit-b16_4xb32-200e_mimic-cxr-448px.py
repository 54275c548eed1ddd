# MRM (https://arxiv.org/abs/2301.13155) as its paper means it, by the published recipe:
# four GPUs x 32 x 2 accumulated, 200 epochs, from MAE's ViT-B/16.
#
#   bash tools/dist_train.sh \
#       configs/mrm/mrm_vit-b16_4xb32-200e_mimic-cxr-448px.py 4
#
# Only masked words carry loss; "left" and "right" of a report change places when its film
# is mirrored; all positions are MAE's table.
# To save memory on small GPUs, recompute the blocks in the backward pass:
#   --cfg-options 'activation_checkpointing=[backbone.layers.0,backbone.layers.1,...]'
# Expected values: none published for this variant, and none measured.
# MRM's recipe, but the report of a mirrored film is mirrored too.
_base_ = [
    '../_base_/models/mrm_vit-b16.py',
    '../_base_/datasets/mrm_mimic-cxr_448.py',
    '../_base_/schedules/mrm_adamw_200e.py',
    '../_base_/default_runtime.py',
]
train_pipeline = [
    dict(type='LoadFilm'),
    _base_.crop,
    dict(type='FilmFlip', prob=0.5),
    dict(type='MirrorText'),
    *_base_.mask_and_pack,
]
train_dataloader = dict(
    dataset=dict(pipeline=train_pipeline, tokenizer=dict(mirrored=True)))
model = dict(
    backbone=dict(
        init_cfg=dict(
            type='Pretrained', checkpoint='checkpoints/mae_pretrain_vit_base.pth')),
    loss_on='masked')
optim_wrapper = dict(accumulative_counts=2)
auto_scale_lr = dict(enable=False, base_batch_size=128)  # per accumulated iteration
