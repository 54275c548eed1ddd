# MRM's fine-tuning at 224 px (https://arxiv.org/abs/2301.13155), for any encoder and
# any labelled films: the recipes beside it name the dataset and its learning rate,
# warm-up and number of updates.
# Where each number is from: [C] the released code, which exists for ChestX-ray14 only;
# [S] the read-me of the release, which has a table for the other datasets; [A] assumed
# to be as for ChestX-ray14; [O] ours, without effect on numbers.
# Differs from the released code:
# - The last update is followed by a validation, which the released code leaves out.
# - Batches are full and run on into the next pass; there each pass ends with the rest.
# - Update i (from 0) of W warm-up updates has (i + 1) / (W + 1) of the rate, and the
#   last of all has a little. There the schedule steps ahead of the optimizer: update i
#   has (i + 1) / W, and the last 0. They differ by less than 1 / W of the rate.
# - float32, or bfloat16 with --amp; there float16 with a scaled loss (Apex O2).
# Validation after each pass, as released, takes longer than training where the share is
# small; less of it: train_cfg.val_interval=100.
_base_ = ['../datasets/films_test_224.py', '../default_runtime.py']
train_pipeline = [
    dict(type='LoadFilm', deferred=True),
    # [C] what torchvision does by default; bilinear.
    dict(type='FilmRandomResizedCrop', size=224, scale=(0.08, 1.0)),
    dict(type='FilmFlip', prob=0.5),  # [C]
    dict(type='PackFilm'),
]
train_dataloader = dict(
    batch_size=96,  # [C]; [A] of all but ChestX-ray14
    num_workers=10,  # [C]
    prefetch_factor=4,
    pin_memory=True,
    persistent_workers=True,
    sampler=dict(type='EpochSampler', shuffle=True, infinite=True),
    collate_fn=dict(type='mmcxr.collate_studies'),
    dataset=dict(split='train', pipeline=train_pipeline))
# [C] shorter side to 224, central square; 512 at a time.
val_dataloader = dict(
    batch_size=512,
    num_workers=10,
    pin_memory=True,
    persistent_workers=True,
    sampler=dict(type='EpochSampler', shuffle=False, round_up=False),
    collate_fn=dict(type='mmcxr.collate_studies'),
    dataset=dict(split='val', pipeline=_base_.test_pipeline, test_mode=True))
test_dataloader = dict(batch_size=512, num_workers=10)
val_cfg = dict()
# [C] one rate for all parameters, nothing decays.
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', momentum=0.9, weight_decay=0.0),
    clip_grad=dict(max_norm=1.0))
param_scheduler = dict(type='WarmupCosineLR', by_epoch=False)  # [C]
train_cfg = dict(by_epoch=False)
auto_scale_lr = dict(enable=False, base_batch_size=96)
randomness = dict(seed=42)  # [C]; the paper's numbers are means of three runs
log_processor = dict(by_epoch=False)
default_hooks = dict(
    logger=dict(interval=50, log_metric_by_epoch=False),  # [O]
    # [C] the best has the highest mean AUROC in validation. [O] the interval.
    checkpoint=dict(
        by_epoch=False, interval=500, save_best='classification/auroc',
        rule='greater'))
