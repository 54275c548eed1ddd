# CXR-CLIP on MIMIC-CXR as in cxr-clip_r50-bioclinicalbert_4xb32-15e_m-224px.py, from a
# cluster file system: studies lie shuffled in tar files, the films of one next to each
# other, and each worker of each rank reads its own files from front to back. Validation
# reads the files of the dataset.
#
#   python tools/misc/pack_dataset.py data/mimic-cxr --size 512 --webdataset \
#       --order studies --shard-size 256 --workers 16
#   bash tools/dist_train.sh \
#       configs/cxr_clip/cxr-clip_r50-bioclinicalbert_4xb32-15e_m-224px_shards.py 4
#
# Expected values: none published for this variant, and none measured.
_base_ = [
    '../_base_/models/cxr-clip_r50.py',
    '../_base_/datasets/study_pairs_224_shards.py',
    '../_base_/schedules/adamw-5e-5_cosine-15e.py',
    '../_base_/default_runtime.py',
]
model = dict(
    image_backbone=dict(
        init_cfg=dict(type='Pretrained', checkpoint='torchvision://resnet50')),
    text_backbone=dict(config='emilyalsentzer/Bio_ClinicalBERT', pretrained=True))
sync_bn = 'torch'  # as released; ignored where there is no GPU
# The best checkpoint is that of the lowest validation loss, as released.
default_hooks = dict(
    checkpoint=dict(save_best='contrastive/total', rule='less'))
