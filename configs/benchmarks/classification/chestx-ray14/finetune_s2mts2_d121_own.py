# The supervised start of S2MTS2 on NIH ChestX-ray14: 14 findings and No Finding as the
# 15th output, of which validation and test leave out the last.
#   python tools/train.py \
#       configs/benchmarks/classification/chestx-ray14/finetune_s2mts2_d121_own.py \
#       --encoder s2mts2_d121=s2mts2-chexpert.pth.tar
# 512 px: what its released script has of fine-tuning. The paper's numbers are of its
# semi-supervised training.
# The script lacks names and arguments and does not run as it is; the numbers are those
# in it. The paper goes on from here, with a student on labelled and an averaged teacher
# on unlabelled films; of that the release has nothing that is used.
# Its loss, the multi-label soft margin, is the mean of the cross entropies.
# [A] assumed: films are seen as in the weak view of its loader.
# Both milestones lie behind the last of the ten epochs, there too.
_base_ = [
    '../../../_base_/datasets/chestx-ray14.py',
    '../../../_base_/recipes/by_epoch.py',
]
film_normalisation = dict(mean=[0.508135] * 3, std=[0.252920] * 3)
encoder = 's2mts2_d121'
findings = (
    'Atelectasis', 'Cardiomegaly', 'Effusion', 'Infiltration', 'Mass', 'Nodule',
    'Pneumonia', 'Pneumothorax', 'Consolidation', 'Edema', 'Emphysema', 'Fibrosis',
    'Pleural_Thickening', 'Hernia')
model = dict(
    type='FilmClassifier',
    data_preprocessor=film_normalisation, head=dict(num_classes=15))
chestx_ray14_dataset = dict(
    _base_.chestx_ray14_dataset, classes=(*findings, 'No Finding'))
train_pipeline = [
    dict(type='LoadFilm', deferred=True),
    dict(type='FilmRandomResizedCrop', size=512, scale=(0.2, 1.0)),
    dict(type='FilmFlip', prob=0.5),
    dict(type='PackFilm'),
]
film_pipeline = [dict(type='FilmResize', size=512, keep_ratio=False)]
test_pipeline = [dict(type='LoadFilm'), *film_pipeline, dict(type='PackFilm')]
train_dataloader = dict(
    batch_size=16, dataset=dict(chestx_ray14_dataset, pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=32, dataset=dict(chestx_ray14_dataset, pipeline=test_pipeline))
test_dataloader = dict(
    batch_size=32, dataset=dict(chestx_ray14_dataset, pipeline=test_pipeline))
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='Adam', lr=0.05, betas=(0.9, 0.99), eps=0.1))
param_scheduler = dict(type='MultiStepLR', milestones=[15, 25], gamma=0.1)
train_cfg = dict(max_epochs=10)
auto_scale_lr = dict(enable=False, base_batch_size=16)
val_evaluator = dict(classes=findings)
test_evaluator = dict(classes=findings)
