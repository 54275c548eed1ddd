_base_ = './films_test_224.py'
data_root = 'data/rsna'
test_dataloader = dict(dataset=dict(type='RSNAPneumonia', data_root=data_root))
test_evaluator = dict(type='ClassificationMetric', task='binary')
