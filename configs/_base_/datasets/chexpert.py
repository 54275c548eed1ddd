# CheXpert: five findings, frontal and lateral films, in the lists of MRM. Their test is
# the official validation of 234 films; their validation of 5,000 films was cut from the
# training by image, so that most of its patients are in training too: with 1,837 of its
# 4,560 patients in the 10 % alone. The overlap is printed with each result. The scheme
# `clean` has none.
# The lists, from a copy of the authors' DatasetsSplits:
#   python tools/prepare_dataset.py split-lists mrm DatasetsSplits \
#       --dataset chexpert --out data/chexpert
# A part: which films, labels and split. Recipes beside it say how films are read.
data_root = 'data/chexpert'
chexpert_dataset = dict(
    type='CheXpert',
    data_root=data_root,
    split_scheme='mrm',
    classes=(
        'Atelectasis', 'Cardiomegaly', 'Consolidation', 'Edema', 'Pleural Effusion'),
    # Nowhere written: what the shares of positives in MRM's lists tell. What a report
    # does not mention is absent.
    uncertain={
        'Atelectasis': 'ones',
        'Cardiomegaly': 'zeros',
        'Consolidation': 'zeros',
        'Edema': 'ones',
        'Pleural Effusion': 'ones',
    },
    unknown='zeros')
val_evaluator = dict(type='ClassificationMetric', num_resamples=0)
test_evaluator = dict(type='ClassificationMetric')
