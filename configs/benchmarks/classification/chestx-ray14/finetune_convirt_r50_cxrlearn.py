# ConVIRT's ResNet-50 fine-tuned on NIH ChestX-ray14 by cxrlearn's recipe.
#   python tools/train.py \
#       configs/benchmarks/classification/chestx-ray14/finetune_convirt_r50_cxrlearn.py \
#       --cfg-options model.backbone.init_cfg.checkpoint=convirt_chest_mimic.pt
# Another encoder is another model in the first line of the bases; only the head:
#   --cfg-options model.freeze_backbone=True
# Published mean AUROC: .813, and .743 of the head alone, read off the figures of
# cxrlearn's paper, whose lists of films we do not have.
_base_ = [
    '../../../_base_/models/film-classifier_convirt_r50.py',
    '../../../_base_/datasets/chestx-ray14.py',
    '../../../_base_/recipes/cxrlearn.py',
]
model = dict(
    data_preprocessor=_base_.clip_normalisation, head=dict(num_classes=14))
train_dataloader = dict(dataset=_base_.chestx_ray14_dataset)
val_dataloader = dict(dataset=_base_.chestx_ray14_dataset)
test_dataloader = dict(dataset=_base_.chestx_ray14_dataset)
