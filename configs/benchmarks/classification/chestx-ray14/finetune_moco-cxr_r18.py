# MoCo-CXR's ResNet-18 in place of MRM's encoder, all else as in
# finetune_mrm_vit-b16.py: all training films.
#   python tools/train.py \
#       configs/benchmarks/classification/chestx-ray14/finetune_moco-cxr_r18.py \
#       --cfg-options model.backbone.init_cfg.checkpoint=moco-cxr_resnet18.pth.tar
_base_ = [
    '../../../_base_/models/film-classifier_moco-cxr_r18.py',
    '../../../_base_/recipes/mrm_chestx-ray14.py',
]
model = dict(head=dict(num_classes=14))
