# CXR-CLIP, ResNet-50, on MIMIC-CXR and CheXpert as the released code behaves; what that
# means stands in cxr-clip_r50-bioclinicalbert_4xb32-15e_m-224px_released.py.
_base_ = './cxr-clip_r50-bioclinicalbert_4xb32-15e_m-224px_released.py'
train_dataloader = dict(dataset=dict(
    _delete_=True,
    type='MixedDataset',
    datasets=[
        dict(_base_.mimic_cxr_train_dataset, pipeline=_base_.train_pipeline),
        dict(_base_.chexpert_train_dataset, pipeline=_base_.train_pipeline),
    ]))
val_dataloader = dict(dataset=dict(
    _delete_=True,
    type='MixedDataset',
    datasets=[
        dict(_base_.mimic_cxr_val_dataset, pipeline=_base_.val_pipeline),
        dict(_base_.chexpert_val_dataset, pipeline=_base_.val_pipeline),
    ]))
