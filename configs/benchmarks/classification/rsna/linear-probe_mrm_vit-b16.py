# MRM's ViT-B/16 in place of CXR-CLIP's encoder, all else as in
# linear-probe_cxr-clip_r50.py.
#   bash tools/dist_train.sh \
#       configs/benchmarks/classification/rsna/linear-probe_mrm_vit-b16.py 1 \
#       --cfg-options model.backbone.init_cfg.checkpoint=MRM.pth
_base_ = [
    '../../../_base_/models/film-classifier_mrm_vit-b16.py',
    '../../../_base_/datasets/rsna_224.py',
    '../../../_base_/schedules/adamw-5e-5_cosine-by-iter.py',
    '../../../_base_/default_runtime.py',
]
model = dict(freeze_backbone=True, head=dict(num_classes=1))
default_hooks = dict(
    checkpoint=dict(
        by_epoch=False, interval=72, save_best='classification/auroc',
        rule='greater'))
