# MRM's recipe, but the report of a mirrored film is mirrored too.
_base_ = './mrm_mimic-cxr_448.py'
train_pipeline = [
    dict(type='LoadFilm'),
    _base_.crop,
    dict(type='FilmFlip', prob=0.5),
    dict(type='MirrorText'),
    *_base_.mask_and_pack,
]
train_dataloader = dict(
    dataset=dict(pipeline=train_pipeline, tokenizer=dict(mirrored=True)))
