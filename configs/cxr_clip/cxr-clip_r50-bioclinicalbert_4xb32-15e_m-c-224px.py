# CXR-CLIP, ResNet-50, pre-trained on MIMIC-CXR and CheXpert; the released default mix.
_base_ = './cxr-clip_r50-bioclinicalbert_4xb32-15e_m-224px.py'
train_dataloader = dict(dataset=dict(
    _delete_=True,
    type='MixedDataset',
    datasets=[_base_.mimic_cxr_train_dataset, _base_.chexpert_train_dataset]))
val_dataloader = dict(dataset=dict(
    _delete_=True,
    type='MixedDataset',
    datasets=[_base_.mimic_cxr_val_dataset, _base_.chexpert_val_dataset]))
