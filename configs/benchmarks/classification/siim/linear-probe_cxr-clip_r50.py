# CXR-CLIP's "fine-tuning": its encoder, ResNet-50, is frozen, in eval mode, and a linear head
# is trained (AdamW 5e-5, batch 256, warm-up a tenth of all updates).
#   bash tools/dist_train.sh \
#       configs/benchmarks/classification/siim/linear-probe_cxr-clip_r50.py 1 \
#       --cfg-options model.backbone.init_cfg.checkpoint=r50_m.tar \
#       train_dataloader.dataset.fraction=0.1
# Differs from the released code: the best checkpoint has the highest AUROC on the
# validation split, which for VinDr-CXR is not the training split.
# As released, that of the lowest loss: default_hooks.checkpoint.rule=less
#   default_hooks.checkpoint.save_best=label_loss/bce
_base_ = [
    '../../../_base_/models/film-classifier_cxr-clip_r50.py',
    '../../../_base_/datasets/siim_224.py',
    '../../../_base_/schedules/adamw-5e-5_cosine-by-iter.py',
    '../../../_base_/default_runtime.py',
]
model = dict(freeze_backbone=True, head=dict(num_classes=1))
default_hooks = dict(
    checkpoint=dict(
        by_epoch=False, interval=35, save_best='classification/auroc',
        rule='greater'))
