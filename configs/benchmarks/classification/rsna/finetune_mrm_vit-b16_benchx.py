# MRM fine-tuned on RSNA Pneumonia by BenchX's protocol, with the rate, batch and
# optimizer that its grid chose for it. At 1 % of the films, three seeds:
#   python tools/misc/run_fractions.py \
#       configs/benchmarks/classification/rsna/finetune_mrm_vit-b16_benchx.py \
#       --fractions 1 --seeds 42 0 1 \
#       --encoder mrm_vit-b16=MRM.pth
# The grid anew: see the recipe.
# Chosen by F1 in validation. The lists, from a copy of BenchX's:
#   python tools/prepare_dataset.py split-lists benchx LISTS \
#       --dataset rsna --out data/rsna
# 68 % of the test films are of a patient who is in training too. Published F1 at 1 / 10
# / 100 %: 62.6 / 66.6 / 66.5 (its paper, https://arxiv.org/abs/2410.21969, mean of
# three seeds).
_base_ = '../../../_base_/recipes/benchx_rsna.py'
encoder = 'mrm_vit-b16'
model = dict(
    type='FilmClassifier',
    data_preprocessor=_base_.benchx_normalisation,
    backbone=dict(drop_path_rate=0.0),
    head=dict(num_classes=1, norm=True, init_std=2e-5))
optim_wrapper = dict(optimizer=dict(lr=1e-2))
train_dataloader = dict(batch_size=32)
