# NIH ChestX-ray14: 14 findings, in the lists of MRM, which BenchX took over: 70/10/20 %
# by patient, with lists for 10 and 1 % of training. It is not NIH's official test list.
# The lists, from a copy of the authors' DatasetsSplits:
#   python tools/prepare_dataset.py split-lists mrm DatasetsSplits \
#       --dataset chestx-ray14 --out data/chestx-ray14
# A part: which films, labels and split. Recipes beside it say how films are read.
data_root = 'data/chestx-ray14'
chestx_ray14_dataset = dict(
    type='ChestXray14', data_root=data_root, split_scheme='mrm')
val_evaluator = dict(type='ClassificationMetric', num_resamples=0)
test_evaluator = dict(type='ClassificationMetric')
