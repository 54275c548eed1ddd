# S2MTS2's DenseNet-121 in place of MRM's encoder, all else as in
# finetune_mrm_vit-b16.py: all training films.
#   python tools/train.py \
#       configs/benchmarks/classification/chestx-ray14/finetune_s2mts2_d121.py \
#       --cfg-options model.backbone.init_cfg.checkpoint=s2mts2-chexpert.pth.tar
_base_ = [
    '../../../_base_/models/film-classifier_s2mts2_d121.py',
    '../../../_base_/recipes/mrm_chestx-ray14.py',
]
model = dict(head=dict(num_classes=14))
