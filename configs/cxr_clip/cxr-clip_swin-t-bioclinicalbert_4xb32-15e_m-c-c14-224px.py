# CXR-CLIP, Swin-Tiny, pre-trained on MIMIC-CXR, CheXpert and ChestX-ray14. RSNA, SIIM and
# ChestX-Det10 films come from ChestX-ray14: zero-shot on them is not quite that.
_base_ = './cxr-clip_swin-t-bioclinicalbert_4xb32-15e_m-224px.py'
train_dataloader = dict(dataset=dict(
    _delete_=True,
    type='MixedDataset',
    datasets=[
        _base_.mimic_cxr_train_dataset,
        _base_.chexpert_train_dataset,
        _base_.chestx_ray14_train_dataset,
    ]))
val_dataloader = dict(dataset=dict(
    _delete_=True,
    type='MixedDataset',
    datasets=[
        _base_.mimic_cxr_val_dataset,
        _base_.chexpert_val_dataset,
        _base_.chestx_ray14_val_dataset,
    ]))
