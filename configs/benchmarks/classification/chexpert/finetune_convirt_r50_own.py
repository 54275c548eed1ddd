# ConVIRT fine-tuned on CheXpert by its authors' recipe, five findings. Uncertain labels
# are present, but of Consolidation absent.
#   python tools/train.py \
#       configs/benchmarks/classification/chexpert/finetune_convirt_r50_own.py \
#       --encoder convirt_r50=convirt_chest_mimic.pt
# The lists are MRM's, the authors' being unknown.
_base_ = [
    '../../../_base_/datasets/chexpert.py',
    '../../../_base_/recipes/convirt.py',
]
encoder = 'convirt_r50'
model = dict(type='FilmClassifier', head=dict(num_classes=5, dropout=0.2))
chexpert_dataset = dict(
    _base_.chexpert_dataset,
    uncertain={
        'Atelectasis': 'ones',
        'Cardiomegaly': 'ones',
        'Consolidation': 'zeros',
        'Edema': 'ones',
        'Pleural Effusion': 'ones',
    })
train_dataloader = dict(dataset=chexpert_dataset)
val_dataloader = dict(dataset=chexpert_dataset)
test_dataloader = dict(dataset=chexpert_dataset)
