# GLoRIA fine-tuned on NIH ChestX-ray14 by BenchX's protocol, with the rate, batch and
# optimizer that its grid chose for it. At 1 % of the films, three seeds:
#   python tools/misc/run_fractions.py \
#       configs/benchmarks/classification/chestx-ray14/finetune_gloria_r50_benchx.py \
#       --fractions 1 --seeds 42 0 1 \
#       --encoder gloria_r50=chexpert_resnet50.ckpt
# The grid anew: see the recipe. The lists are MRM's, which BenchX took over. Published
# AUROC at 1 / 10 / 100 %: 74.2 / 81.0 / 83.8 (its paper,
# https://arxiv.org/abs/2410.21969, mean of three seeds).
_base_ = '../../../_base_/recipes/benchx_chestx-ray14.py'
encoder = 'gloria_r50'
model = dict(
    type='FilmClassifier',
    data_preprocessor=_base_.benchx_normalisation,
    head=dict(num_classes=14, norm=True))
optim_wrapper = dict(optimizer=dict(_delete_=True, type='Adam', lr=1e-4))
