# MedAug's ResNet-18 on CheXpert as its authors use it: a linear layer, 1 % of the
# labels, two outputs, No Finding and Pleural Effusion, of which the second counts.
# Labels that are uncertain carry no loss, and what a report does not mention is absent.
#   python tools/train.py \
#       configs/benchmarks/classification/chexpert/linear-probe_medaug_r18_own.py \
#       --encoder medaug_r18=medaug_mimic-cxr_resnet18.pth.tar
# Five draws, as theirs: train_dataloader.dataset.fraction_seed=0 to 4; which films
# theirs hold is in label_fractions of their repository. Published: mean AUROC 14.4 %
# above that from ImageNet (abstract); no table can be had.
# MedAug's fine-tuning (https://github.com/stanfordmlgroup/MedAug) on CheXpert: a linear
# layer on the frozen encoder at 1 % of the labels, 256 epochs. MoCo-CXR's code with
# other numbers, which are those of its read-me, and the normalisation of pre-training.
# Differs as MoCo-CXR's recipe does; validation there is each 128 films.
_base_ = './finetune_moco-cxr_own.py'
encoder = 'medaug_r18'
optim_wrapper = dict(optimizer=dict(lr=3e-4))
train_dataloader = dict(dataset=dict(fraction=0.01))
train_cfg = dict(max_epochs=256)
model = dict(
    data_preprocessor=dict(mean=(0.5020, ) * 3, std=(0.085585, ) * 3),
    freeze_backbone=True)
