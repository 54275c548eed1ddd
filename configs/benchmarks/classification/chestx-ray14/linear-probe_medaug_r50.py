# A linear layer on MedAug's ResNet-50, frozen and in eval mode, for NIH
# ChestX-ray14, by CXR-CLIP's recipe (AdamW 5e-5, batch 256, warm-up a tenth of all
# updates, its augmentation), which its paper has for other datasets.
#   bash tools/dist_train.sh \
#       configs/benchmarks/classification/chestx-ray14/linear-probe_medaug_r50.py 1 \
#       --cfg-options model.backbone.init_cfg.checkpoint=medaug_mimic-cxr_resnet50.pth.tar \
#       train_dataloader.dataset.fraction=0.1
_base_ = [
    '../../../_base_/models/film-classifier_medaug_r50.py',
    '../../../_base_/datasets/chestx-ray14_224.py',
    '../../../_base_/schedules/adamw-5e-5_cosine-by-iter.py',
    '../../../_base_/default_runtime.py',
]
model = dict(freeze_backbone=True, head=dict(num_classes=14))
default_hooks = dict(
    checkpoint=dict(
        by_epoch=False, interval=306, save_best='classification/auroc',
        rule='greater'))
