# CXR-CLIP as the released code behaves, for whoever wants its numbers: two views of a
# study of three never meet, sentences keep their order, validation draws texts too
# (and films where a study has three views), all parameters are decayed, the
# temperature has no bound, the first update is at rate zero, and each tower runs once
# per view and text.
_base_ = './cxr-clip_r50-bioclinicalbert_4xb32-15e_m-224px.py'
model = dict(
    max_logit_scale=None,
    separate_passes=True)
optim_wrapper = dict(paramwise_cfg=None)
param_scheduler = dict(first_at_zero=True)
train_views = dict(_base_.train_views, select='released')
val_views = dict(_base_.val_views, select='released_val')
texts = dict(type='ChooseTexts', released=True)
train_pipeline = [train_views, texts, *_base_.pack]
val_pipeline = [val_views, dict(texts, mode='first'), *_base_.pack]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=val_pipeline))
