# CheXzero's ViT-B/32 in place of MRM's encoder, all else as in
# finetune_mrm_vit-b16.py: all training films.
#   python tools/train.py \
#       configs/benchmarks/classification/chestx-ray14/finetune_chexzero_vit-b32.py \
#       --cfg-options model.backbone.init_cfg.checkpoint=chexzero.pt
_base_ = [
    '../../../_base_/models/film-classifier_chexzero_vit-b32.py',
    '../../../_base_/recipes/mrm_chestx-ray14.py',
]
model = dict(head=dict(num_classes=14))
