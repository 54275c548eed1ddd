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
_base_ = './cxr-clip_r50-bioclinicalbert_4xb32-15e_m-224px.py'
pack_name = '512-jpeg-tar'
train_pipeline = _base_.train_pipeline
train_pipeline[0]['transforms'][0]['pack'] = pack_name
train_dataloader = dict(
    # Batches and workers of the loader are filled in.
    sampler=dict(_delete_=True, type='ShardSampler', pack=pack_name),
    dataset=dict(pipeline=train_pipeline))
