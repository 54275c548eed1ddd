_base_ = './films_test_224.py'
data_root = 'data/chexpert-5x200'
# The list is the test set: it has no splits.
test_dataloader = dict(
    dataset=dict(
        type='CheXpert5x200', data_root=data_root, split_scheme=None, split=None))
test_evaluator = dict(type='ClassificationMetric', task='multiclass')
