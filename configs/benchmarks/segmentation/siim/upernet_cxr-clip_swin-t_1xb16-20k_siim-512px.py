# UPerNet on CXR-CLIP's Swin-Tiny, all of it trained, pneumothorax masks of SIIM. The
# first three maps pass through norms that pre-training does not have; they start at
# scale 1 and shift 0.
#   python tools/train.py \
#       configs/benchmarks/segmentation/siim/upernet_cxr-clip_swin-t_1xb16-20k_siim-512px.py \
#       --cfg-options model.backbone.init_cfg.checkpoint=swint_m.tar
# A recipe of ours; no published value.
_base_ = [
    '../../../_base_/models/upernet_swin-t.py',
    '../../../_base_/datasets/siim_seg_512.py',
    '../../../_base_/schedules/adamw-1e-4_poly-20k.py',
    '../../../_base_/default_runtime.py',
]
model = dict(
    # CXR-CLIP's Swin saw one half as mean and deviation.
    data_preprocessor=dict(mean=[127.5] * 3, std=[127.5] * 3),
    backbone=dict(
        init_cfg=dict(
            type='Pretrained', checkpoint='checkpoints/swint_m.tar',
            prefix='image_backbone.',
            allow_missing=['norm[012].*'])))
# All films with a pneumothorax and 0.4 times as many without in each epoch, as MRM does.
train_dataloader = dict(
    batch_size=16, sampler=dict(_delete_=True, type='PositiveSampler', infinite=True))
default_hooks = dict(
    logger=dict(interval=50),
    checkpoint=dict(
        by_epoch=False, interval=1000, save_best='segmentation/dice_foreground',
        rule='greater'))
