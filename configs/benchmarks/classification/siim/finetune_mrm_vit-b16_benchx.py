# MRM fine-tuned on SIIM pneumothorax by BenchX's protocol, with the rate, batch and
# optimizer that its grid chose for it. At 1 % of the films, three seeds:
#   python tools/misc/run_fractions.py \
#       configs/benchmarks/classification/siim/finetune_mrm_vit-b16_benchx.py \
#       --fractions 1 --seeds 42 0 1 \
#       --encoder mrm_vit-b16=MRM.pth
# The grid anew: see the recipe. The lists, from a copy of BenchX's:
#   python tools/prepare_dataset.py split-lists benchx LISTS \
#       --dataset siim --out data/siim
# Chosen by F1 in validation. Published F1 at 1 / 10 / 100 %: 65.0 / 69.3 / 75.6 (its
# paper, https://arxiv.org/abs/2410.21969, mean of three seeds).
_base_ = '../../../_base_/recipes/benchx_f1.py'
encoder = 'mrm_vit-b16'
model = dict(
    type='FilmClassifier',
    data_preprocessor=_base_.benchx_normalisation,
    backbone=dict(drop_path_rate=0.0),
    head=dict(num_classes=1, norm=True, init_std=2e-5))
optim_wrapper = dict(optimizer=dict(lr=1e-2))
data_root = 'data/siim'
siim_dataset = dict(
    type='SIIMPneumothorax', data_root=data_root, split_scheme='benchx')
train_dataloader = dict(dataset=siim_dataset)
val_dataloader = dict(dataset=siim_dataset)
test_dataloader = dict(dataset=siim_dataset)
val_evaluator = dict(type='ClassificationMetric', task='binary', num_resamples=0)
test_evaluator = dict(type='ClassificationMetric', task='binary')
