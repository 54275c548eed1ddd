# Full fine-tuning: as the linear probe, with the encoder trained too.
#   bash tools/dist_train.sh \
#       configs/benchmarks/classification/ranzcr-clip/finetune_gloria_r50.py 1 \
#       --cfg-options model.backbone.init_cfg.checkpoint=chexpert_resnet50.ckpt
_base_ = './linear-probe_gloria_r50.py'
model = dict(freeze_backbone=False)
