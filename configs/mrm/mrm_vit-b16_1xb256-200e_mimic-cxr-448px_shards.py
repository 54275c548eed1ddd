# MRM as in mrm_vit-b16_1xb256-200e_mimic-cxr-448px.py, from a cluster file system: films
# and token ids lie in a pack, films shuffled over tar files, of which each worker of each
# rank reads its own from front to back. At a shorter side of 1024 a crop of a fifth of
# the film still has its 448 pixels.
#
#   python tools/misc/pack_dataset.py data/mimic-cxr-mrm --size 1024 --webdataset \
#       --workers 16 --tokenizer data/mimic-cxr-mrm/mimic_wordpiece.json
#   python tools/train.py configs/mrm/mrm_vit-b16_1xb256-200e_mimic-cxr-448px_shards.py
#
# Expected values: none published for this variant, and none measured.
_base_ = './mrm_vit-b16_1xb256-200e_mimic-cxr-448px.py'
pack_name = '1024-jpeg-tar'
train_pipeline = [
    dict(type='LoadFilm', deferred=True, pack=pack_name),
    _base_.crop,
    *_base_.mask_and_pack,
]
train_dataloader = dict(
    # Batches and workers of the loader are filled in.
    sampler=dict(_delete_=True, type='ShardSampler', pack=pack_name),
    dataset=dict(pipeline=train_pipeline, tokenizer=dict(pack=pack_name)))
