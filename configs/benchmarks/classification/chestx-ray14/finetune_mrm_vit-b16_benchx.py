# MRM fine-tuned on NIH ChestX-ray14 by BenchX's protocol, with the rate, batch and
# optimizer that its grid chose for it. At 1 % of the films, three seeds:
#   python tools/misc/run_fractions.py \
#       configs/benchmarks/classification/chestx-ray14/finetune_mrm_vit-b16_benchx.py \
#       --fractions 1 --seeds 42 0 1 \
#       --encoder mrm_vit-b16=MRM.pth
# The grid anew: see the recipe. The lists are MRM's, which BenchX took over. Published
# AUROC at 1 / 10 / 100 %: 80.1 / 83.5 / 85.3 (its paper,
# https://arxiv.org/abs/2410.21969, mean of three seeds).
_base_ = '../../../_base_/recipes/benchx_chestx-ray14.py'
encoder = 'mrm_vit-b16'
model = dict(
    type='FilmClassifier',
    data_preprocessor=_base_.benchx_normalisation,
    backbone=dict(drop_path_rate=0.0),
    head=dict(num_classes=14, norm=True, init_std=2e-5))
optim_wrapper = dict(optimizer=dict(lr=3e-2))
