_base_ = './films_test_224.py'
data_root = 'data/siim'
test_dataloader = dict(dataset=dict(type='SIIMPneumothorax', data_root=data_root))
test_evaluator = dict(type='ClassificationMetric', task='binary')
