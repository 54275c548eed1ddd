# Synthetic films of the held-out patients, one sample per film.
data_root = 'data/synthetic'
film_pipeline = [dict(type='FilmResize', size=96, keep_ratio=False)]
test_pipeline = [dict(type='LoadFilm'), *film_pipeline, dict(type='PackFilm')]
test_dataloader = dict(
    batch_size=64,
    num_workers=2,
    sampler=dict(type='EpochSampler', shuffle=False, round_up=False),
    collate_fn=dict(type='mmcxr.collate_studies'),
    dataset=dict(
        type='SyntheticFilms', data_root=data_root, split_scheme='official',
        split='test', pipeline=test_pipeline, test_mode=True))
test_cfg = dict()
test_evaluator = dict(type='ClassificationMetric')
