# MRM fine-tuned on NIH ChestX-ray14, 14 findings, all training films.
#   bash tools/dist_train.sh \
#       configs/benchmarks/classification/chestx-ray14/finetune.py 1 \
#       --encoder mrm_vit-b16=MRM.pth
# A part of the training films has its own rate and number of updates, see `fractions`:
#   --cfg-options train_dataloader.dataset.fraction=0.1
# All three, three seeds each, and their means:
#   python tools/misc/run_fractions.py \
#       configs/benchmarks/classification/chestx-ray14/finetune.py \
#       --fractions 1 10 100 --seeds 0 1 2 \
#       --encoder mrm_vit-b16=MRM.pth
# On splits that share no patient, in place of MRM's lists:
#   --cfg-options {train,val,test}_dataloader.dataset.split_scheme=clean
# Any other encoder by the same recipe: --encoder cxr-clip_r50=r50_m.tar, ...; names:
# tools/misc/list_encoders.py.
# Published AUROC at 100 / 10 / 1 %: 85.9 / 84.0 / 79.4 (as MaCo's Table 1 quotes the
# paper, https://doi.org/10.1038/s41467-024-51749-0), the mean of three runs.
# MRM's fine-tuning on NIH ChestX-ray14: 78,468 films, 818 batches a pass.
_base_ = [
    '../../../_base_/datasets/chestx-ray14.py',
    '../../../_base_/recipes/mrm_224.py',
]
train_dataloader = dict(dataset=_base_.chestx_ray14_dataset)
val_dataloader = dict(dataset=_base_.chestx_ray14_dataset)
test_dataloader = dict(dataset=_base_.chestx_ray14_dataset)
optim_wrapper = dict(optimizer=dict(lr=3e-3))  # [C]
param_scheduler = dict(warmup=5000)  # [C]
train_cfg = dict(max_iters=200000, val_interval=818)  # [C]; [C] each pass
encoder = 'mrm_vit-b16'
model = dict(type='FilmClassifier', head=dict(num_classes=14))
# With train_dataloader.dataset.fraction=0.1, or 0.01, of the command line; another share
# has the numbers above.
fractions = [
    # The 10 % list of MRM: 7,847 films, 82 batches a pass. [C]
    dict(
        fraction=0.1,
        optim_wrapper=dict(optimizer=dict(lr=3e-3)),
        param_scheduler=dict(warmup=500),
        train_cfg=dict(max_iters=30000, val_interval=82)),
    # The 1 % list of MRM: 785 films, 9 batches a pass. [C]
    dict(
        fraction=0.01,
        optim_wrapper=dict(optimizer=dict(lr=3e-2)),
        param_scheduler=dict(warmup=50),
        train_cfg=dict(max_iters=3000, val_interval=9)),
]
