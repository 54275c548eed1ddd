# ConVIRT's ResNet-50 in place of MRM's encoder, all else as in
# finetune_mrm_vit-b16.py: all training films.
#   python tools/train.py \
#       configs/benchmarks/classification/chestx-ray14/finetune_convirt_r50.py \
#       --cfg-options model.backbone.init_cfg.checkpoint=convirt_chest_mimic.pt
_base_ = [
    '../../../_base_/models/film-classifier_convirt_r50.py',
    '../../../_base_/recipes/mrm_chestx-ray14.py',
]
model = dict(head=dict(num_classes=14))
