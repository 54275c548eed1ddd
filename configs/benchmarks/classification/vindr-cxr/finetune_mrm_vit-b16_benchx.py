# MRM fine-tuned on VinDr-CXR by BenchX's protocol, with the rate, batch and
# optimizer that its grid chose for it. At 1 % of the films, three seeds:
#   python tools/misc/run_fractions.py \
#       configs/benchmarks/classification/vindr-cxr/finetune_mrm_vit-b16_benchx.py \
#       --fractions 1 --seeds 42 0 1 \
#       --encoder mrm_vit-b16=MRM.pth
# The grid anew: see the recipe. The lists, from a copy of BenchX's:
#   python tools/prepare_dataset.py split-lists benchx LISTS \
#       --dataset vindr-cxr --out data/vindr-cxr
# It has 14 findings, taken to be those of Kaggle's files; its paper says 28 labels.
# Published AUROC at 1 / 10 / 100 %: 87.1 / 89.9 / 91.2 (its paper,
# https://arxiv.org/abs/2410.21969, mean of three seeds).
_base_ = '../../../_base_/recipes/benchx.py'
encoder = 'mrm_vit-b16'
model = dict(
    type='FilmClassifier',
    data_preprocessor=_base_.benchx_normalisation,
    backbone=dict(drop_path_rate=0.0),
    head=dict(num_classes=14, norm=True, init_std=2e-5))
optim_wrapper = dict(optimizer=dict(lr=1e-2))
data_root = 'data/vindr-cxr'
vindr_cxr_dataset = dict(
    type='VinDrCXR', data_root=data_root, split_scheme='benchx',
    classes=(
        'Aortic enlargement', 'Atelectasis', 'Calcification', 'Cardiomegaly',
        'Consolidation', 'ILD', 'Infiltration', 'Lung Opacity', 'Nodule/Mass',
        'Other lesion', 'Pleural effusion', 'Pleural thickening', 'Pneumothorax',
        'Pulmonary fibrosis'))
train_dataloader = dict(dataset=vindr_cxr_dataset)
val_dataloader = dict(dataset=vindr_cxr_dataset)
test_dataloader = dict(dataset=vindr_cxr_dataset)
val_evaluator = dict(type='ClassificationMetric', task='multilabel', num_resamples=0)
test_evaluator = dict(type='ClassificationMetric', task='multilabel')
