# ConVIRT fine-tuned on RSNA Pneumonia by its authors' recipe, in the splits of GLoRIA,
# theirs being unknown.
#   python tools/train.py \
#       configs/benchmarks/classification/rsna/finetune_convirt_r50_own.py \
#       --encoder convirt_r50=convirt_chest_mimic.pt
# The weight is that of all films of stage 2, 20,672 absent and 6,012 present.
_base_ = [
    '../../../_base_/datasets/rsna.py',
    '../../../_base_/recipes/convirt.py',
]
encoder = 'convirt_r50'
model = dict(type='FilmClassifier', head=dict(num_classes=1, dropout=0.2, pos_weight=20672 / 6012))
rsna_dataset = dict(_base_.rsna_dataset, split_scheme='gloria')
train_dataloader = dict(dataset=rsna_dataset)
val_dataloader = dict(dataset=rsna_dataset)
test_dataloader = dict(dataset=rsna_dataset)
