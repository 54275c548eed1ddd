# A linear layer on MoCo-CXR's DenseNet-121, frozen and in eval mode, for NIH
# ChestX-ray14, by CXR-CLIP's recipe (AdamW 5e-5, batch 256, warm-up a tenth of all
# updates, its augmentation), which its paper has for other datasets.
#   bash tools/dist_train.sh \
#       configs/benchmarks/classification/chestx-ray14/linear-probe_moco-cxr_d121.py 1 \
#       --cfg-options model.backbone.init_cfg.checkpoint=d1w-00001.pth.tar \
#       train_dataloader.dataset.fraction=0.1
_base_ = [
    '../../../_base_/models/film-classifier_moco-cxr_d121.py',
    '../../../_base_/datasets/chestx-ray14_224.py',
    '../../../_base_/schedules/adamw-5e-5_cosine-by-iter.py',
    '../../../_base_/default_runtime.py',
]
model = dict(freeze_backbone=True, head=dict(num_classes=14))
default_hooks = dict(
    checkpoint=dict(
        by_epoch=False, interval=306, save_best='classification/auroc',
        rule='greater'))
