# MedAug's fine-tuning (https://github.com/stanfordmlgroup/MedAug) on CheXpert: a linear
# layer on the frozen encoder at 1 % of the labels, 256 epochs. MoCo-CXR's code with
# other numbers, which are those of its read-me, and the normalisation of pre-training.
# Differs as MoCo-CXR's recipe does; validation there is each 128 films.
_base_ = './moco-cxr_chexpert.py'
optim_wrapper = dict(optimizer=dict(lr=3e-4))
train_dataloader = dict(dataset=dict(fraction=0.01))
train_cfg = dict(max_epochs=256)
