# COVID-19 Image Data Collection: COVID-19 or another pneumonia, in the first of MRM's
# five folds; the others are split_scheme mrm-covid2 to mrm-covid5.
# The lists, from a copy of the authors' DatasetsSplits:
#   python tools/dataset_converters/split_lists.py mrm DatasetsSplits \
#       --dataset covid19 --out data/covid19 --fill-labels
# A part: which films, labels and split. Recipes beside it say how films are read.
data_root = 'data/covid19'
covid19_dataset = dict(
    type='COVID19', data_root=data_root, split_scheme='mrm-covid1',
    classes=('COVID-19',))
val_evaluator = dict(type='ClassificationMetric', task='binary', num_resamples=0)
test_evaluator = dict(type='ClassificationMetric', task='binary')
