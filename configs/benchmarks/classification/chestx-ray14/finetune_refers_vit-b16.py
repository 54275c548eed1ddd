# REFERS' ViT-B/16 in place of MRM's encoder, all else as in
# finetune_mrm_vit-b16.py: all training films.
#   python tools/train.py \
#       configs/benchmarks/classification/chestx-ray14/finetune_refers_vit-b16.py \
#       --cfg-options model.backbone.init_cfg.checkpoint=refers_checkpoint.pth
# REFERS' own: SGD 1e-2, batch 128, 60,000 updates, 1,000 of warm-up, on other splits.
# Published AUROC at 100 / 10 / 1 %: 84.4 / 80.9 / 76.7, computed from the authors'
# prediction files.
_base_ = [
    '../../../_base_/models/film-classifier_refers_vit-b16.py',
    '../../../_base_/recipes/mrm_chestx-ray14.py',
]
model = dict(head=dict(num_classes=14))
