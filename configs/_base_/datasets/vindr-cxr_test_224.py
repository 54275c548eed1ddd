_base_ = './films_test_224.py'
data_root = 'data/vindr-cxr'
test_dataloader = dict(dataset=dict(type='VinDrCXR', data_root=data_root))
test_evaluator = dict(type='ClassificationMetric', task='multilabel')
