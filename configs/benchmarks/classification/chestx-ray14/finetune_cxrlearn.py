# An encoder, ConVIRT's by default, fine-tuned on NIH ChestX-ray14 by cxrlearn's recipe.
#   python tools/train.py \
#       configs/benchmarks/classification/chestx-ray14/finetune_cxrlearn.py \
#       --encoder convirt_r50=convirt_chest_mimic.pt
# Only the head:
#   --cfg-options model.freeze_backbone=True
# Published mean AUROC of ConVIRT: .813, and .743 of the head alone, read off the figures of
# cxrlearn's paper, whose lists of films we do not have.
_base_ = [
    '../../../_base_/datasets/chestx-ray14.py',
    '../../../_base_/recipes/cxrlearn.py',
]
encoder = 'convirt_r50'
model = dict(
    type='FilmClassifier',
    data_preprocessor=_base_.clip_normalisation, head=dict(num_classes=14))
train_dataloader = dict(dataset=_base_.chestx_ray14_dataset)
val_dataloader = dict(dataset=_base_.chestx_ray14_dataset)
test_dataloader = dict(dataset=_base_.chestx_ray14_dataset)
