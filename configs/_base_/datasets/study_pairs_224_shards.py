# study_pairs_224.py with the films of MIMIC-CXR from the tar files of a pack, which each
# worker of each rank reads from front to back.
_base_ = './study_pairs_224.py'
pack_name = '512-jpeg-tar'
train_pipeline = _base_.train_pipeline
train_pipeline[0]['transforms'][0]['pack'] = pack_name
train_dataloader = dict(
    # Batches and workers of the loader are filled in.
    sampler=dict(_delete_=True, type='ShardSampler', pack=pack_name),
    dataset=dict(pipeline=train_pipeline))
