# MRM's recipe, but no film is mirrored.
_base_ = './mrm_mimic-cxr_448.py'
train_pipeline = [dict(type='LoadFilm'), _base_.crop, *_base_.mask_and_pack]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
