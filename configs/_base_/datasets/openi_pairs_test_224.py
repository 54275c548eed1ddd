# Open-I, frontal films (also those of unknown view: CXR-CLIP's list holds frontal
# ones only and does not say which they are): the longer of findings and impression.
_base_ = './pairs_test_224.py'
data_root = 'data/openi'
test_pipeline = [
    _base_.view_pipeline, dict(type='RetrievalText', rule='longer'), *_base_.pack_pipeline]
test_dataloader = dict(
    dataset=dict(
        type='OpenI', texts='report', views=('PA', 'AP', ''),
        data_root=data_root, pipeline=test_pipeline))
test_evaluator = dict(type='RetrievalMetric', text_rule='longer')
