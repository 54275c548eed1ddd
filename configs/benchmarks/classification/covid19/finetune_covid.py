# MRM fine-tuned on the COVID-19 Image Data Collection: COVID-19 or another pneumonia.
#   bash tools/dist_train.sh \
#       configs/benchmarks/classification/covid19/finetune_covid.py 1 \
#       --encoder mrm_vit-b16=MRM.pth
# The first of MRM's five folds; all five, and their mean:
#   python tools/misc/run_fractions.py \
#       configs/benchmarks/classification/covid19/finetune_covid.py \
#       --schemes mrm-covid{1..5} --seeds 0 \
#       --encoder mrm_vit-b16=MRM.pth
# Images that a list names and the collection no longer has are counted in results.json.
# MRM's fine-tuning on one fold of the COVID-19 Image Data Collection: 354 to 356
# films, 4 batches a pass.
# COVID-19 Image Data Collection: COVID-19 or another pneumonia, in the first of MRM's
# five folds; the others are split_scheme mrm-covid2 to mrm-covid5.
# The lists, from a copy of the authors' DatasetsSplits:
#   python tools/prepare_dataset.py split-lists mrm DatasetsSplits \
#       --dataset covid19 --out data/covid19 --fill-labels
# Any other encoder by the same recipe: --encoder cxr-clip_r50=r50_m.tar, ...
_base_ = '../../../_base_/recipes/mrm_224.py'
data_root = 'data/covid19'
covid19_dataset = dict(
    type='COVID19', data_root=data_root, split_scheme='mrm-covid1',
    classes=('COVID-19',))
val_evaluator = dict(type='ClassificationMetric', task='binary', num_resamples=0)
test_evaluator = dict(type='ClassificationMetric', task='binary')
train_dataloader = dict(dataset=covid19_dataset)
val_dataloader = dict(dataset=covid19_dataset)
test_dataloader = dict(dataset=covid19_dataset)
optim_wrapper = dict(optimizer=dict(lr=3e-2))  # [S]
param_scheduler = dict(warmup=50)  # [S]
train_cfg = dict(max_iters=1000, val_interval=4)  # [S]; [A] each pass
encoder = 'mrm_vit-b16'
model = dict(type='FilmClassifier', head=dict(num_classes=1))
