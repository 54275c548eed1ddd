# Image-text retrieval both ways; the pool sizes are printed with the result.
#   python tools/test.py configs/benchmarks/retrieval/openi/cxr-clip.py r50_m.tar
# CXR-CLIP with Swin-Tiny: swint_m.tar --encoder cxr-clip_swin-t
# Expected values: see model_zoo.md.
# Open-I, frontal films (also those of unknown view: CXR-CLIP's list holds frontal
# ones only and does not say which they are): the longer of findings and impression.
_base_ = [
    '../../../_base_/datasets/pairs_test_224.py',
    '../../../_base_/default_runtime.py',
]
data_root = 'data/openi'
test_pipeline = [
    _base_.view_pipeline, dict(type='RetrievalText', rule='longer'), *_base_.pack_pipeline]
test_dataloader = dict(
    dataset=dict(
        type='OpenI', texts='report', views=('PA', 'AP', ''),
        data_root=data_root, pipeline=test_pipeline))
test_evaluator = dict(type='RetrievalMetric', text_rule='longer')
encoder = 'cxr-clip_r50'
