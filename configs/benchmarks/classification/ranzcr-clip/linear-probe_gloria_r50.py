# A linear layer on GLoRIA's ResNet-50, frozen and in eval mode, for RANZCR CLiP, by
# CXR-CLIP's recipe (AdamW 5e-5, batch 256, warm-up a tenth of all updates).
#   bash tools/dist_train.sh \
#       configs/benchmarks/classification/ranzcr-clip/linear-probe_gloria_r50.py 1 \
#       --cfg-options model.backbone.init_cfg.checkpoint=chexpert_resnet50.ckpt
# Not the protocol of the cxrlearn paper (mean AUROC .859 probed and .883 fine-tuned, by
# its figures), whose split is not known here.
_base_ = [
    '../../../_base_/models/film-classifier_gloria_r50.py',
    '../../../_base_/datasets/ranzcr-clip_224.py',
    '../../../_base_/schedules/adamw-5e-5_cosine-by-iter.py',
    '../../../_base_/default_runtime.py',
]
model = dict(freeze_backbone=True, head=dict(num_classes=11))
default_hooks = dict(
    checkpoint=dict(
        by_epoch=False, interval=82, save_best='classification/auroc',
        rule='greater'))
