# Image-text retrieval both ways; the pool sizes are printed with the result.
#   python tools/test.py configs/benchmarks/retrieval/mimic-cxr/cxr-clip.py r50_m.tar
# CXR-CLIP with Swin-Tiny: swint_m.tar --encoder cxr-clip_swin-t
# Expected values: see model_zoo.md.
# MIMIC-CXR test studies: first film, the longer of findings and impression.
_base_ = [
    '../../../_base_/datasets/pairs_test_224.py',
    '../../../_base_/default_runtime.py',
]
data_root = 'data/mimic-cxr'
test_pipeline = [
    _base_.view_pipeline, dict(type='RetrievalText', rule='longer'), *_base_.pack_pipeline]
test_dataloader = dict(
    dataset=dict(
        type='MIMICCXR', texts='report', split_scheme='official', split='test',
        data_root=data_root, pipeline=test_pipeline))
test_evaluator = dict(type='RetrievalMetric', text_rule='longer')
encoder = 'cxr-clip_r50'
