# cxrlearn's training, the same for each encoder, all of it or the head alone. A leaf
# takes a film classifier and a dataset, names the dataset in the three loaders, and
# sees films as CLIP does:
#   model = dict(data_preprocessor=_base_.clip_normalisation, head=dict(num_classes=...))
# The head alone: model=dict(freeze_backbone=True).
# All numbers are the released code's. Differs from it:
# - It draws no seed; here runs repeat.
# - A head alone there trains beside an encoder in training mode, whose statistics and
#   dropout go on. Here a frozen encoder is in evaluation mode.
# - S2MTS2's head there has two layers, here one, as everybody's.
# - A label that is uncertain or unknown is not foreseen there; here it carries no loss,
#   or what the dataset's `uncertain` says.
# Of a single finding, no weighted mean is made: default_hooks.checkpoint.save_best=
# classification/auroc, which is the same.
_base_ = './by_epoch.py'
clip_normalisation = dict(
    mean=(0.48145466, 0.4578275, 0.40821073),
    std=(0.26862954, 0.26130258, 0.27577711))
# Both sides to 224: the aspect of the film is lost. Nothing is augmented.
film_pipeline = [
    dict(type='FilmResize', size=224, keep_ratio=False, interpolation='bicubic'),
]
test_pipeline = [dict(type='LoadFilm'), *film_pipeline, dict(type='PackFilm')]
train_dataloader = dict(batch_size=32, dataset=dict(pipeline=test_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
# One rate throughout: a schedule is built in the released code, but never stepped.
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=1e-3, momentum=0.9, weight_decay=0.0))
train_cfg = dict(max_epochs=100)
auto_scale_lr = dict(enable=False, base_batch_size=32)
default_hooks = dict(checkpoint=dict(save_best='classification/auroc_weighted'))
