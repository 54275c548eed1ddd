# Labelled films at 224 px as CXR-CLIP evaluates them: the shorter side is resized and
# the long side cut. A part of the datasets beside it, which name the dataset.
film_pipeline = [
    dict(type='FilmResize', size=224),
    dict(type='FilmCenterCrop', size=224),
]
test_pipeline = [dict(type='LoadFilm'), *film_pipeline, dict(type='PackFilm')]
test_dataloader = dict(
    batch_size=128,
    num_workers=8,
    pin_memory=True,
    sampler=dict(type='EpochSampler', shuffle=False, round_up=False),
    collate_fn=dict(type='mmcxr.collate_studies'),
    dataset=dict(
        split_scheme='cxr_clip', split='test', pipeline=test_pipeline,
        test_mode=True))
test_cfg = dict()
