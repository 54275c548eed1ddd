# A linear layer on CXR-CLIP's ResNet-50, frozen and in eval mode, for NIH
# ChestX-ray14, by CXR-CLIP's recipe (AdamW 5e-5, batch 256, warm-up a tenth of all
# updates, its augmentation), which its paper has for other datasets.
#   bash tools/dist_train.sh \
#       configs/benchmarks/classification/chestx-ray14/linear-probe.py 1 \
#       --encoder cxr-clip_r50=r50_m.tar \
#       --cfg-options train_dataloader.dataset.fraction=0.1
# Any other encoder: --encoder mrm_vit-b16=MRM.pth, ...; names: tools/misc/list_encoders.py.
# The encoder too is trained: --cfg-options model.freeze_backbone=False
# Files whose names end in mc and mcc are pre-trained on CheXpert too, mcc on
# ChestX-ray14, and may have seen films of these tests.
# CXR-CLIP's recipe: 78,468 training films, 306 full batches of 256, 30 epochs.
_base_ = [
    '../../../_base_/datasets/films_224.py',
    '../../../_base_/datasets/chestx-ray14.py',
    '../../../_base_/schedules/adamw-5e-5_cosine-by-iter.py',
    '../../../_base_/default_runtime.py',
]
train_dataloader = dict(dataset=_base_.chestx_ray14_dataset)
val_dataloader = dict(dataset=_base_.chestx_ray14_dataset)
test_dataloader = dict(dataset=_base_.chestx_ray14_dataset)
train_cfg = dict(by_epoch=False, max_iters=9180, val_interval=306)
param_scheduler = dict(type='WarmupCosineLR', warmup=918, by_epoch=False)
encoder = 'cxr-clip_r50'
model = dict(type='FilmClassifier', freeze_backbone=True, head=dict(num_classes=14))
default_hooks = dict(
    checkpoint=dict(
        by_epoch=False, interval=306, save_best='classification/auroc',
        rule='greater'))
