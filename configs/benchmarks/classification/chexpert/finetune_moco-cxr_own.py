# MoCo-CXR fine-tuned on CheXpert as its authors do: two outputs, No Finding and Pleural
# Effusion, of which the second counts. Labels that are uncertain carry no loss, and
# what a report does not mention is absent. All training films:
#   python tools/train.py \
#       configs/benchmarks/classification/chexpert/finetune_moco-cxr_own.py \
#       --encoder moco-cxr_r18=moco-cxr_resnet18.pth.tar
# At 1 % of them: train_dataloader.dataset.fraction=0.01 train_cfg.max_epochs=107
# DenseNet-121: --encoder moco-cxr_d121=d1w-00001.pth.tar. A linear layer alone:
#   --cfg-options model.freeze_backbone=True
# Published AUROC at 0.1 / 1 / 10 / 100 %, read off a figure, on the 500 studies of the
# test: ResNet-18 .813 / .885 / .915 / .942, DenseNet-121 .795 / .877 / .920 / .953, a
# linear layer on ResNet-18 .776 / .838 / .848 / .850; here the test is the official
# validation.
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
# Films are normalised as ImageNet's, which they are not in pre-training.
_base_ = [
    '../../../_base_/datasets/chexpert.py',
    '../../../_base_/recipes/by_epoch.py',
]
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
chexpert_dataset = dict(
    _base_.chexpert_dataset,
    classes=('No Finding', 'Pleural Effusion'),
    uncertain='ignore')
train_dataloader = dict(
    batch_size=16, dataset=dict(chexpert_dataset, pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(chexpert_dataset, pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(chexpert_dataset, pipeline=test_pipeline))
optim_wrapper = dict(
    type='OptimWrapper', optimizer=dict(type='Adam', lr=1e-4, weight_decay=0.0))
train_cfg = dict(max_epochs=5)
auto_scale_lr = dict(enable=False, base_batch_size=16)
val_evaluator = dict(classes=['Pleural Effusion'])
test_evaluator = dict(classes=['Pleural Effusion'])
encoder = 'moco-cxr_r18'
model = dict(
    type='FilmClassifier',
    data_preprocessor=dict(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225)),
    head=dict(num_classes=2))
