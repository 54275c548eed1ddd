"""Means over seeds and folds."""

import numpy as np
import pytest
from test_results_files import PROTOCOL, report

from mmcxr.evaluation.functional.comparison import UnequalSpecsError
from mmcxr.evaluation.functional.repeats import Repeat, repeats_table, summarise
from mmcxr.evaluation.functional.results import build_results

AUROC = 'classification/auroc'


def repeat(percent, seed, value, scheme='', overlap=None, **protocol):
    changed = PROTOCOL | dict(train_fraction=[percent / 100])
    if scheme:
        changed |= dict(split_scheme=scheme, images=dict(number=9, digest=scheme))
    changed |= protocol
    model = dict(name='vit', checkpoint_sha256=f'{seed}{percent}')
    reports = dict(classification=report(value))
    results = build_results(changed, model, {}, reports, overlap)
    return Repeat(percent, scheme, seed, f'{percent}/{scheme}/{seed}', results)


def found(entries, percent):
    (entry,) = (e for e in entries if (e['percent'], e['metric']) == (percent, AUROC))
    return entry


def test_mean_and_deviation_of_seeds():
    values = {1: [0.7, 0.75, 0.83], 10: [0.8, 0.9]}
    repeats = [repeat(p, s, v) for p in values for s, v in enumerate(values[p])]
    entries = summarise(repeats)
    for percent, numbers in values.items():
        entry = found(entries, percent)
        assert entry['mean'] == pytest.approx(np.mean(numbers))
        assert entry['std'] == pytest.approx(np.std(numbers, ddof=1))
        assert (entry['over'], entry['count']) == ('seeds', len(numbers))
        assert [run['value'] for run in entry['runs']] == numbers
        assert all(run['ci95'] == [0.7, 0.9] for run in entry['runs'])


def test_one_seed_has_no_deviation_and_undefined_no_mean():
    assert found(summarise([repeat(1, 0, 0.7)]), 1)['std'] is None
    entry = found(summarise([repeat(1, 0, 0.7), repeat(1, 1, None)]), 1)
    assert entry['mean'] is None and entry['std'] is None


def test_folds_are_averaged_after_their_seeds():
    repeats = [repeat(100, s, v, f) for f, s, v in FOLDS]
    entry = found(summarise(repeats), 100)
    folds = [0.7, 0.5, 0.9]
    assert entry['mean'] == pytest.approx(np.mean(folds))
    assert entry['std'] == pytest.approx(np.std(folds, ddof=1))
    assert (entry['over'], entry['count'], len(entry['runs'])) == ('schemes', 3, 5)


FOLDS = [('a', 0, 0.6), ('a', 1, 0.8), ('b', 0, 0.4), ('b', 1, 0.6), ('c', 0, 0.9)]


@pytest.mark.parametrize(
    ('others', 'files', 'words'),
    [
        ([repeat(1, 1, 0.7, split='val')], '1//0 | 1//1', "split: 'test' | 'val'"),
        # A fraction may differ from another in this alone; so may a fold.
        ([repeat(10, 0, 0.7, dataset='siim')], '1//0 | 10//0', "'rsna' | 'siim'"),
        ([repeat(10, 0, 0.7, split_scheme='b')], '1//0 | 10//0', 'split_scheme'),
        ([repeat(1, 1, 0.7, train_fraction=[0.5])], '1//0 | 1//1', '[0]: 0.01 | 0.5'),
        (
            [repeat(10, 0, 0.7), repeat(10, 1, 0.7, train_fraction=[0.5])],
            '10//0 | 10//1',
            'train_fraction[0]: 0.1 | 0.5',
        ),
        ([repeat(1, 1, 0.7, images=dict(number=9))], '1//0 | 1//1', 'images'),
        (
            [repeat(1, 0, 0.7, 'b'), repeat(1, 1, 0.7, 'b', images=dict(number=8))],
            '1/b/0 | 1/b/1',
            'images.number: 9 | 8',
        ),
    ],
)
def test_unequal_protocols_have_no_mean(others, files, words):
    with pytest.raises(UnequalSpecsError) as error:
        summarise([repeat(1, 0, 0.7), *others])
    assert words in str(error.value) and files in str(error.value)


def test_same_cell_twice_and_metric_that_is_not_there():
    one = repeat(1, 0, 0.7)
    with pytest.raises(ValueError, match='same cell'):
        summarise([one, one._replace(file='copy')])
    with pytest.raises(ValueError, match='1//0 has no classification/dice'):
        summarise([one], ['classification/dice'])


def test_table():
    overlap = dict(scheme='mrm', images=2, patients=1, against='train')
    repeats = [repeat(1, 0, 0.7, overlap=overlap), repeat(1, 3, 0.8, overlap=overlap)]
    leak = '(overlap: 2 images, 1 patients in train)'
    rows = repeats_table(summarise(repeats, [AUROC]), repeats)
    assert rows == [
        ['films', 'run', AUROC],
        ['1 %', f'seed 0 {leak}', '0.700 [0.700, 0.900]'],
        ['1 %', f'seed 3 {leak}', '0.800 [0.700, 0.900]'],
        ['1 %', 'mean ± std of 2 seeds', '0.750 ± 0.071'],
        ['', 'trivial baseline', '0.500'],
    ]
