# Image-text retrieval both ways; the pool sizes are printed with the result.
#   python tools/test.py configs/benchmarks/retrieval/chexpert-5x200/cxr-clip.py r50_m.tar
# CXR-CLIP with Swin-Tiny: swint_m.tar --encoder cxr-clip_swin-t
# Expected values: see model_zoo.md.
# CheXpert 5x200: its impressions, and the classes of the nearest (GLoRIA).
_base_ = [
    '../../../_base_/datasets/pairs_test_224.py',
    '../../../_base_/default_runtime.py',
]
data_root = 'data/chexpert-5x200'
# Every film is a query, as released, also where two are of one study.
test_pipeline = [
    dict(type='LoadFilm'), *_base_.film_pipeline,
    dict(type='RetrievalText', rule='impression'), *_base_.pack_pipeline]
test_dataloader = dict(
    dataset=dict(
        type='CheXpert5x200', data_root=data_root, pipeline=test_pipeline))
test_evaluator = dict(type='RetrievalMetric', text_rule='impression', class_precision=(5, 10, 100))
encoder = 'cxr-clip_r50'
