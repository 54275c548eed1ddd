"""Multi-label and multi-class numbers against sklearn, class by class."""

import numpy as np
import pytest
import torch
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    balanced_accuracy_score,
    f1_score,
    roc_auc_score,
)

from mmcxr.evaluation.functional.classification import (
    MulticlassStatistics,
    MultilabelStatistics,
)
from mmcxr.evaluation.functional.labels import class_counts, resolve_uncertain

CLASSES = ['Edema', 'Nodule/Mass', 'Pneumothorax']


def sample(num=61, seed=0):
    generator = np.random.default_rng(seed)
    labels = generator.choice([0.0, 1.0, np.nan], (num, 3), p=[0.5, 0.3, 0.2])
    scores = generator.integers(0, 20, (num, 3)) / 20
    return scores, labels


def evaluate(scores, labels, classes=CLASSES, thresholds=0.5):
    num = len(scores)
    statistic = MultilabelStatistics(
        scores, labels, np.arange(num), num, classes, thresholds
    )
    found = statistic(torch.ones(num, 1))
    return {name: value[0] for name, value in found.items()}, statistic


def test_every_number_equals_sklearn_on_the_known_labels():
    scores, labels = sample()
    found, _ = evaluate(scores, labels, thresholds=[0.5, 0.3, 0.7])
    by_class = {name: [] for name in ('auroc', 'average_precision', 'accuracy', 'f1')}
    positives = []
    for c, name in enumerate(CLASSES):
        known = ~np.isnan(labels[:, c])
        truth, score = labels[known, c], scores[known, c]
        decided = score > [0.5, 0.3, 0.7][c]
        expected = dict(
            auroc=roc_auc_score(truth, score),
            average_precision=average_precision_score(truth, score),
            accuracy=accuracy_score(truth, decided),
            f1=f1_score(truth, decided),
        )
        positives.append(truth.sum())
        for number, value in expected.items():
            assert found[number, name] == pytest.approx(value)
            by_class[number].append(value)
    for number, values in by_class.items():
        assert found[number] == pytest.approx(np.mean(values))
    weighted = np.average(by_class['auroc'], weights=positives)
    assert found['auroc_weighted'] == pytest.approx(weighted)
    known = ~np.isnan(labels)
    micro = roc_auc_score(labels[known], scores[known])
    assert found['auroc_micro'] == pytest.approx(micro)


def test_unequal_weights_equal_repeated_images():
    scores, labels = sample(23, seed=4)
    weights = np.random.default_rng(1).integers(0, 3, (23, 5)).astype(np.float32)
    statistic = MultilabelStatistics(
        scores, labels, np.arange(23), 23, CLASSES, [0.5] * 3
    )
    found = statistic(torch.from_numpy(weights))
    for column in range(5):
        repeats = weights[:, column].astype(int)
        again, _ = evaluate(
            np.repeat(scores, repeats, axis=0), np.repeat(labels, repeats, axis=0)
        )
        for name, values in found.items():
            assert values[column] == pytest.approx(again[name], nan_ok=True), name


def test_a_class_of_one_label_is_undefined_and_in_no_mean():
    scores, labels = sample()
    labels[:, 1] = 0
    found, statistic = evaluate(scores, labels)
    assert statistic.single_valued == ['Nodule/Mass']
    assert np.isnan(found['auroc', 'Nodule/Mass'])
    rest = [found['auroc', name] for name in ('Edema', 'Pneumothorax')]
    assert found['auroc'] == pytest.approx(np.mean(rest))
    accuracy = np.mean(scores[:, 1] <= 0.5)
    assert found['accuracy', 'Nodule/Mass'] == pytest.approx(accuracy)


def test_no_class_with_both_labels_leaves_means_undefined():
    scores, labels = sample()
    labels[:] = 1
    found, statistic = evaluate(scores, labels)
    assert statistic.single_valued == CLASSES
    for name in ('auroc', 'auroc_micro', 'auroc_weighted', 'f1'):
        assert np.isnan(found[name])
    assert np.isnan(statistic.baselines()['auroc']['value'])


def test_one_class_has_no_numbers_by_class():
    scores, labels = sample()
    found, statistic = evaluate(scores[:, :1], labels[:, :1], CLASSES[:1], [0.5])
    assert set(found) == {'auroc', 'average_precision', 'accuracy', 'f1', 'f1_oracle'}
    assert set(statistic.baselines()) == set(found)


def test_baselines_are_what_constant_answers_score():
    scores, labels = sample()
    _, statistic = evaluate(scores, labels)
    baselines = statistic.baselines()
    constant, _ = evaluate(np.ones_like(scores), labels)  # all above the threshold
    for number in ('auroc', 'average_precision', 'f1', 'f1_oracle', 'auroc_micro'):
        assert baselines[number]['value'] == pytest.approx(constant[number])
    for name in CLASSES:
        none, _ = evaluate(np.zeros_like(scores), labels)
        best = max(none['accuracy', name], constant['accuracy', name])
        assert baselines['accuracy', name]['value'] == pytest.approx(best)


def test_oracle_f1_is_an_upper_bound():
    scores, labels = sample()
    best, _ = evaluate(scores, labels)
    for threshold in np.linspace(0, 1, 7):
        found, _ = evaluate(scores, labels, thresholds=threshold)
        assert found['f1'] <= best['f1_oracle'] + 1e-12


@pytest.mark.parametrize('policy, value', [('zeros', 0), ('ones', 1), ('ignore', None)])
def test_uncertain_labels_become_what_the_policy_says(policy, value):
    labels = resolve_uncertain([[1, -1, np.nan], [0, 0, -1]], policy)
    cells = [labels[0, 1], labels[1, 2]]
    assert np.isnan(cells).all() if value is None else cells == [value, value]
    assert labels[0, 0] == 1 and np.isnan(labels[0, 2])


def test_strange_labels_and_policies_are_refused():
    with pytest.raises(ValueError, match='label 2 is none of'):
        resolve_uncertain([[2.0]], 'ignore')
    with pytest.raises(ValueError, match="got 'drop'"):
        resolve_uncertain([[1.0]], 'drop')


def test_counts_keep_uncertain_and_unknown_apart():
    counts = class_counts([[1, -1], [0, np.nan], [1, 0]], ['a', 'b'])
    assert counts['a'] == dict(positive=2, negative=1, uncertain=0, unknown=0)
    assert counts['b'] == dict(positive=0, negative=1, uncertain=1, unknown=1)


def multiclass(scores, labels, classes):
    num = len(scores)
    statistic = MulticlassStatistics(scores, labels, np.arange(num), num, classes)
    found = statistic(torch.ones(num, 1))
    return {name: value[0] for name, value in found.items()}, statistic


def test_exclusive_classes_equal_sklearn():
    generator = np.random.default_rng(3)
    labels = generator.integers(0, 5, 97)
    scores = generator.normal(size=(97, 5)) + np.eye(5)[labels]
    found, statistic = multiclass(scores, labels, list('abcde'))
    decided = scores.argmax(axis=1)
    assert found['accuracy'] == pytest.approx(accuracy_score(labels, decided))
    balanced = balanced_accuracy_score(labels, decided)
    assert found['accuracy_macro'] == pytest.approx(balanced)
    assert found['f1'] == pytest.approx(f1_score(labels, decided, average='macro'))
    aurocs = [roc_auc_score(labels == c, scores[:, c]) for c in range(5)]
    assert found['auroc'] == pytest.approx(np.mean(aurocs))
    assert found['auroc', 'c'] == pytest.approx(aurocs[2])
    commonest = np.zeros((97, 5))
    commonest[:, np.bincount(labels).argmax()] = 1
    trivial, _ = multiclass(commonest, labels, list('abcde'))
    for name, baseline in statistic.baselines().items():
        assert baseline['value'] == pytest.approx(trivial[name]), name


def test_balanced_classes_make_macro_and_micro_accuracy_equal():
    labels = np.repeat(np.arange(5), 7)
    scores = np.random.default_rng(0).normal(size=(35, 5))
    found, _ = multiclass(scores, labels, list('abcde'))
    assert found['accuracy'] == pytest.approx(found['accuracy_macro'])


def test_an_absent_exclusive_class_is_named():
    labels = np.array([0, 1, 0, 1])
    scores = np.random.default_rng(0).normal(size=(4, 3))
    found, statistic = multiclass(scores, labels, list('abc'))
    assert statistic.single_valued == ['c']
    assert np.isnan(found['auroc', 'c']) and not np.isnan(found['auroc'])
