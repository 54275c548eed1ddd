"""What -1 and empty labels become, class by class."""

import numpy as np
import pandas as pd
import pytest

from mmcxr.datasets.classification import ClassificationDataset
from mmcxr.datasets.tables.label_policy import apply_label_policy

NAN = np.nan
VALUE = dict(ones=1.0, zeros=0.0, ignore=NAN)


def test_against_a_loop():
    rng = np.random.default_rng(3)
    cells = rng.choice([1.0, 0.0, -1.0, NAN], size=(53, 3))
    table = pd.DataFrame(cells, columns=['Edema', 'Mass', 'Hernia'])
    uncertain = dict(Edema='ones', Mass='ignore')
    for unknown in (None, 'zeros', 'ones', dict(Hernia='zeros')):
        found = apply_label_policy(table, list(table), uncertain, unknown)
        for name in table:
            for before, after in zip(table[name], found[name], strict=True):
                rule = unknown.get(name) if isinstance(unknown, dict) else unknown
                if np.isnan(before):
                    wanted = NAN if rule is None else VALUE[rule]
                elif before == -1 and name in uncertain:
                    wanted = VALUE[uncertain[name]]
                else:
                    wanted = before
                np.testing.assert_equal(after, wanted)


def test_other_columns_and_the_table_itself_are_untouched():
    table = pd.DataFrame(dict(image=['a'], Edema=[-1.0], Mass=[-1.0]))
    found = apply_label_policy(table, ['Edema'], 'ones', None)
    assert found.to_dict('list') == dict(image=['a'], Edema=[1.0], Mass=[-1.0])
    assert table['Edema'].tolist() == [-1.0]


def labels(dataset):
    items = [dataset.get_data_info(i) for i in range(len(dataset))]
    return {item['image'][3]: item['gt_label'].tolist() for item in items}


def test_dataset(make_dataset):
    """Before and after: films b and d are uncertain, e has no label at all."""
    root = make_dataset()
    plain = labels(ClassificationDataset(root))
    assert plain['b'] == [0, -1] and plain['d'][0] == -1 and 'e' not in plain
    policy = dict(uncertain=dict(Edema='zeros', Mass='ones'), unknown='zeros')
    settled = ClassificationDataset(root, **policy)
    assert labels(settled) == {
        **{'a': [1, 0], 'b': [0, 1], 'c': [0, 0]},
        **{'d': [0, 0], 'e': [0, 0], 'f': [0, 1]},
    }
    assert settled.metainfo['left_out'] == {}
    # Ignored, a film without another label leaves.
    ignoring = ClassificationDataset(root, uncertain='ignore')
    assert 'd' not in labels(ignoring)
    assert ignoring.metainfo['left_out'] == {'no label': 2}


def test_study_takes_settled_labels(make_dataset):
    dataset = ClassificationDataset(make_dataset(), level='study', uncertain='ones')
    assert dataset.get_data_info(0)['gt_label'].tolist() == [1, 1]


@pytest.mark.parametrize(
    ('policy', 'words'),
    [
        (dict(uncertain='one'), "uncertain .*'one' .did you mean 'ones'"),
        (dict(unknown=dict(Edema='zero')), "unknown .*'zero'"),
        (dict(uncertain=dict(Oedema='ones')), "'Oedema' .* mean 'Edema'"),
    ],
)
def test_mistakes(make_dataset, policy, words):
    with pytest.raises(ValueError, match=words):
        ClassificationDataset(make_dataset(), **policy)
