# MoCo-CXR's fine-tuning (https://github.com/stanfordmlgroup/MoCo-CXR), all of the
# encoder or the head alone: Adam at one rate, films of 320 px. All numbers are of the
# released code: its defaults, and sbatch/gen_sbatch.py.
# Epochs: 5 of all films, 5 * 4 ** log8(1 / share) of fewer: 23 at 10 %, 107 at 1 %.
# Differs from the released code:
# - Validation after each epoch, there each 8,192 films (fewer of a small share) and
#   never behind the last update.
# - The released test averages the scores of its ten best checkpoints; here it is the
#   best. tools/misc/average_runs.py averages the tests of several
#   (default_hooks.checkpoint.max_keep_ckpts keeps more).
# A leaf normalises films as ImageNet's, which they are not in pre-training.
_base_ = './by_epoch.py'
film_pipeline = [
    dict(type='FilmResize', size=320),
    dict(type='FilmCenterCrop', size=320),
]
train_pipeline = [
    dict(type='LoadFilm', deferred=True),
    film_pipeline[0],
    dict(type='mmpretrain.RandomCrop', crop_size=320),
    dict(type='PackFilm'),
]
test_pipeline = [dict(type='LoadFilm'), *film_pipeline, dict(type='PackFilm')]
train_dataloader = dict(batch_size=16, dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
optim_wrapper = dict(
    type='OptimWrapper', optimizer=dict(type='Adam', lr=1e-4, weight_decay=0.0))
train_cfg = dict(max_epochs=5)
auto_scale_lr = dict(enable=False, base_batch_size=16)
