# ConVIRT's fine-tuning (https://arxiv.org/abs/2010.00747): a head behind dropout finds
# its place in 500 updates, then all learn at a tenth of its rate.
# A leaf gives the head dropout=0.2 and, of a single finding, pos_weight: absent over
# present films, which weighs classes by inverse frequency as its cross entropy does.
# Numbers are those of the authors' training code, which was never released by itself;
# [A] assumed: what it augments in fine-tuning is not known, so nothing; the encoder is
# in evaluation mode while it waits; at most 200 epochs.
# Differs from it: a label fraction there is the first rows of the table, here drawn by
# patient or listed. Adam of the head goes on where it was after the wait. Where 500
# updates are many epochs, those count for the plateau too.
# The head alone, its linear setting: model=dict(freeze_backbone=True).
_base_ = './by_epoch.py'
film_pipeline = [dict(type='FilmPadSquare'), dict(type='FilmResize', size=224)]
test_pipeline = [dict(type='LoadFilm'), *film_pipeline, dict(type='PackFilm')]
train_dataloader = dict(batch_size=16, dataset=dict(pipeline=test_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='Adam', lr=1e-3, weight_decay=1e-6))
param_scheduler = [
    # 1e-3 for the head, 1e-4 for all.
    dict(type='MultiStepLR', milestones=[500], gamma=0.1, by_epoch=False),
    dict(
        type='ReduceOnPlateauLR', monitor='classification/auroc', rule='greater',
        factor=0.5, patience=2),
]
custom_hooks = [
    dict(type='FreezeHook', modules=['backbone'], iters=500),
    dict(
        type='EarlyStopHook', monitor='classification/auroc', rule='greater',
        min_delta=0.0, patience=10, strict=True),
]
find_unused_parameters = True  # on several processes, while the encoder waits
train_cfg = dict(max_epochs=200)  # [A]
auto_scale_lr = dict(enable=False, base_batch_size=16)
