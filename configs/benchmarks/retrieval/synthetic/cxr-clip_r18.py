# Image-text retrieval both ways among held-out synthetic studies.
#   python tools/test.py configs/benchmarks/retrieval/synthetic/cxr-clip_r18.py CHECKPOINT
# Synthetic studies of the held-out patients: the first film, and the longer of
# findings and impression.
_base_ = [
    '../../../_base_/models/cxr-clip_r18-bert-mini.py',
    '../../../_base_/default_runtime.py',
]
data_root = 'data/synthetic'
film_pipeline = [dict(type='FilmResize', size=96, keep_ratio=False)]
test_pipeline = [
    dict(
        type='MultiView',
        num_views=1,
        select='first',
        transforms=[dict(type='LoadFilm'), *film_pipeline]),
    dict(type='RetrievalText', rule='longer'),
    dict(
        type='Tokenize',
        tokenizer=dict(
            type='HFTokenizer', name='data/synthetic/tokenizer', lowercase=True),
        max_length=128),
    dict(type='PackStudy'),
]
test_dataloader = dict(
    batch_size=64,
    num_workers=2,
    sampler=dict(type='EpochSampler', shuffle=False, round_up=False),
    collate_fn=dict(type='mmcxr.collate_studies'),
    dataset=dict(
        type='SyntheticPairs', data_root=data_root, split_scheme='official',
        split='test', texts='report', pipeline=test_pipeline, test_mode=True))
test_cfg = dict()
test_evaluator = dict(type='RetrievalMetric', text_rule='longer')
