# RSNA Pneumonia: one label, in the lists of MRM: 25,184 films to train on, 1,500 and
# 3,000. The labels of its test are not in the public files of the challenge.
# The lists, from a copy of the authors' DatasetsSplits:
#   python tools/prepare_dataset.py split-lists mrm DatasetsSplits \
#       --dataset rsna --out data/rsna
# A part: which films, labels and split. Recipes beside it say how films are read.
data_root = 'data/rsna'
rsna_dataset = dict(type='RSNAPneumonia', data_root=data_root, split_scheme='mrm')
val_evaluator = dict(type='ClassificationMetric', task='binary', num_resamples=0)
test_evaluator = dict(type='ClassificationMetric', task='binary')
