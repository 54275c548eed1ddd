# CXR-CLIP, Swin-Tiny, on all three datasets as the released code behaves; what that means
# stands in cxr-clip_swin-t-bioclinicalbert_4xb32-15e_m-224px_released.py.
_base_ = './cxr-clip_swin-t-bioclinicalbert_4xb32-15e_m-224px_released.py'
few_texts = dict(_base_.texts, prompt_report=_base_.three_negatives)
few_train_pipeline = [_base_.train_views, few_texts, *_base_.pack]
few_val_pipeline = [_base_.val_views, dict(few_texts, mode='first'), *_base_.pack]
train_dataloader = dict(dataset=dict(
    _delete_=True,
    type='MixedDataset',
    datasets=[
        dict(_base_.mimic_cxr_train_dataset, pipeline=_base_.train_pipeline),
        dict(_base_.chexpert_train_dataset, pipeline=_base_.train_pipeline),
        dict(_base_.chestx_ray14_train_dataset, pipeline=few_train_pipeline),
    ]))
val_dataloader = dict(dataset=dict(
    _delete_=True,
    type='MixedDataset',
    datasets=[
        dict(_base_.mimic_cxr_val_dataset, pipeline=_base_.val_pipeline),
        dict(_base_.chexpert_val_dataset, pipeline=_base_.val_pipeline),
        dict(_base_.chestx_ray14_val_dataset, pipeline=few_val_pipeline),
    ]))
