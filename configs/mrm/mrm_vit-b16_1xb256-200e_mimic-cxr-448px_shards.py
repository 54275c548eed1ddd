# MRM as in mrm_vit-b16_1xb256-200e_mimic-cxr-448px.py, from a cluster file system: films
# and token ids lie in a pack, films shuffled over tar files, of which each worker of each
# rank reads its own from front to back.
#
#   python tools/misc/pack_dataset.py data/mimic-cxr-mrm --size 1024 --webdataset \
#       --workers 16 --tokenizer data/mimic-cxr-mrm/mimic_wordpiece.json
#   python tools/train.py configs/mrm/mrm_vit-b16_1xb256-200e_mimic-cxr-448px_shards.py
#
# Expected values: none published for this variant, and none measured.
_base_ = [
    '../_base_/models/mrm_vit-b16.py',
    '../_base_/datasets/mrm_mimic-cxr_448_unflipped_shards.py',
    '../_base_/schedules/mrm_adamw_200e.py',
    '../_base_/default_runtime.py',
]
model = dict(
    backbone=dict(
        init_cfg=dict(
            type='Pretrained', checkpoint='checkpoints/mae_pretrain_vit_base.pth')),
    loss_on='masked')
train_dataloader = dict(batch_size=256, num_workers=16)
auto_scale_lr = dict(enable=False, base_batch_size=256)
