# MRM fine-tuned on the COVID-19 Image Data Collection: viral or bacterial pneumonia.
#   bash tools/dist_train.sh \
#       configs/benchmarks/classification/covid19/finetune_viral.py 1 \
#       --encoder mrm_vit-b16=MRM.pth
# The first of MRM's five folds; all five, and their mean:
#   python tools/misc/run_fractions.py \
#       configs/benchmarks/classification/covid19/finetune_viral.py \
#       --schemes mrm-viral{1..5} --seeds 0 \
#       --encoder mrm_vit-b16=MRM.pth
# Images that a list names and the collection no longer has are counted in results.json.
# MRM's fine-tuning on one fold of the COVID-19 Image Data Collection: 296 to 298
# films, 4 batches a pass.
# COVID-19 Image Data Collection: viral pneumonia (1) or bacterial (0), in the first of
# MRM's five folds, whose films are one or the other; the others are split_scheme
# mrm-viral2 to mrm-viral5. 48 of the 426 films are bacterial, 6 to 16 of each test.
# The lists, from a copy of the authors' DatasetsSplits:
#   python tools/prepare_dataset.py split-lists mrm DatasetsSplits \
#       --dataset covid19 --out data/covid19 --fill-labels
# Any other encoder by the same recipe: --encoder cxr-clip_r50=r50_m.tar, ...
_base_ = '../../../_base_/recipes/mrm_224.py'
data_root = 'data/covid19'
covid19_dataset = dict(
    type='COVID19', data_root=data_root, split_scheme='mrm-viral1',
    classes=('Viral Pneumonia',))
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
