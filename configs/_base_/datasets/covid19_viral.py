# COVID-19 Image Data Collection: viral pneumonia (1) or bacterial (0), in the first of
# MRM's five folds, whose films are one or the other; the others are split_scheme
# mrm-viral2 to mrm-viral5. 48 of the 426 films are bacterial, 6 to 16 of each test.
# The lists, from a copy of the authors' DatasetsSplits:
#   python tools/dataset_converters/split_lists.py mrm DatasetsSplits \
#       --dataset covid19 --out data/covid19 --fill-labels
# A part: which films, labels and split. Recipes beside it say how films are read.
data_root = 'data/covid19'
covid19_dataset = dict(
    type='COVID19', data_root=data_root, split_scheme='mrm-viral1',
    classes=('Viral Pneumonia',))
val_evaluator = dict(type='ClassificationMetric', task='binary', num_resamples=0)
test_evaluator = dict(type='ClassificationMetric', task='binary')
