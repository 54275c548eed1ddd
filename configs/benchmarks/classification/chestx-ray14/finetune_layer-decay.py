# An encoder, ConVIRT's by default, fine-tuned on NIH ChestX-ray14, deeper layers at higher rates.
#   python tools/train.py \
#       configs/benchmarks/classification/chestx-ray14/finetune_layer-decay.py \
#       --encoder convirt_r50=convirt_chest_mimic.pt
# Numbers are a start, see the recipe; nothing is published by it.
_base_ = [
    '../../../_base_/datasets/chestx-ray14.py',
    '../../../_base_/recipes/layer-decay.py',
]
encoder = 'convirt_r50'
model = dict(type='FilmClassifier', head=dict(num_classes=14))
train_dataloader = dict(dataset=_base_.chestx_ray14_dataset)
val_dataloader = dict(dataset=_base_.chestx_ray14_dataset)
test_dataloader = dict(dataset=_base_.chestx_ray14_dataset)
