# mrm_mimic-cxr_448_unflipped.py with films from the tar files of a pack, which each
# worker of each rank reads from front to back, and token ids from the same pack. At a
# shorter side of 1024 a crop of a fifth of the film still has its 448 pixels.
_base_ = './mrm_mimic-cxr_448_unflipped.py'
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
