# MIMIC-CXR test studies: first film, the longer of findings and impression.
_base_ = './pairs_test_224.py'
data_root = 'data/mimic-cxr'
test_pipeline = [
    _base_.view_pipeline, dict(type='RetrievalText', rule='longer'), *_base_.pack_pipeline]
test_dataloader = dict(
    dataset=dict(
        type='MIMICCXR', texts='report', split_scheme='official', split='test',
        data_root=data_root, pipeline=test_pipeline))
test_evaluator = dict(type='RetrievalMetric', text_rule='longer')
