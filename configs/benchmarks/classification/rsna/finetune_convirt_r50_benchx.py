# ConVIRT fine-tuned on RSNA Pneumonia by BenchX's protocol, with the rate, batch and
# optimizer that its grid chose for it. At 1 % of the films, three seeds:
#   python tools/misc/run_fractions.py \
#       configs/benchmarks/classification/rsna/finetune_convirt_r50_benchx.py \
#       --fractions 1 --seeds 42 0 1 \
#       --encoder convirt_r50=convirt_chest_mimic.pt
# The grid anew: see the recipe.
# Chosen by F1 in validation. The lists, from a copy of BenchX's:
#   python tools/prepare_dataset.py split-lists benchx LISTS \
#       --dataset rsna --out data/rsna
# 68 % of the test films are of a patient who is in training too. Published F1 at 1 / 10
# / 100 %: 58.0 / 63.3 / 65.0 (its paper, https://arxiv.org/abs/2410.21969, mean of
# three seeds).
_base_ = '../../../_base_/recipes/benchx_rsna.py'
encoder = 'convirt_r50'
model = dict(
    type='FilmClassifier',
    data_preprocessor=_base_.benchx_normalisation,
    head=dict(num_classes=1, norm=True, init_std=2e-5))
optim_wrapper = dict(optimizer=dict(_delete_=True, type='Adam', lr=5e-5))
param_scheduler = dict(warmup=60, zero_at=1200)
