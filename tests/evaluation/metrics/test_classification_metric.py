"""ClassificationMetric from data samples to report."""

import numpy as np
import pytest
import torch
from mmengine.evaluator import Evaluator
from mmengine.structures import BaseDataElement
from sklearn.metrics import roc_auc_score

from mmcxr.evaluation.metrics import ClassificationMetric

CLASSES = ('Edema', 'Effusion', 'Mass')


def samples(num=31, seed=0, classes=CLASSES):
    generator = np.random.default_rng(seed)
    out = []
    for i in range(num):
        label = generator.choice([0.0, 1.0, -1.0, np.nan], 3, p=[0.5, 0.3, 0.1, 0.1])
        sample = BaseDataElement(
            metainfo=dict(image=f'{i}.png', patient_id=f'p{i // 2}', dataset='toy')
        )
        sample.set_field(torch.from_numpy(label).float(), 'gt_label')
        sample.set_field(torch.from_numpy(generator.random(3)).float(), 'scores')
        out.append(sample)
    return out


def evaluate(metric, data, classes=CLASSES):
    evaluator = Evaluator([metric])
    evaluator.dataset_meta = dict(classes=classes)
    for start in range(0, len(data), 4):
        evaluator.process(data[start : start + 4])
    return evaluator.evaluate(len(data))


def columns(data):
    return tuple(
        torch.stack([d.get(k) for d in data]).numpy() for k in ('scores', 'gt_label')
    )


@pytest.mark.parametrize('policy', ['ignore', 'zeros', 'ones'])
def test_report_equals_sklearn_under_each_policy(policy):
    data, metric = samples(), ClassificationMetric(uncertain=policy, num_resamples=20)
    flat = evaluate(metric, data)
    scores, labels = columns(data)
    aurocs = []
    for c, name in enumerate(CLASSES):
        truth = labels[:, c].copy()
        truth[truth == -1] = dict(ignore=np.nan, zeros=0, ones=1)[policy]
        known = ~np.isnan(truth)
        aurocs.append(roc_auc_score(truth[known], scores[known, c]))
        assert flat[f'classification/auroc_{name}'] == pytest.approx(aurocs[-1])
        entry = metric.report['metrics'][f'auroc_{name}']
        assert entry['ci95'][0] <= entry['value'] <= entry['ci95'][1]
    assert flat['classification/auroc'] == pytest.approx(np.mean(aurocs))
    assert all(isinstance(value, float) for value in flat.values())
    assert metric.report['interval']['patients'] == 16
    assert metric.report['settings']['uncertain'] == policy


def test_table_per_image_and_counts_keep_the_labels_as_they_are():
    data, metric = samples(), ClassificationMetric(num_resamples=0)
    evaluate(metric, data)
    scores, labels = columns(data)
    table = metric.per_image
    assert table['image'][3] == '3.png' and table['patient_id'][3] == 'p1'
    assert np.array_equal(table['label_Mass'], labels[:, 2], equal_nan=True)
    assert np.array_equal(table['score_Mass'], scores[:, 2])
    counts = metric.report['counts']['classes']['Mass']
    assert counts['uncertain'] == (labels[:, 2] == -1).sum()
    assert sum(counts.values()) == 31
    assert all(entry['ci95'] is None for entry in metric.report['metrics'].values())


def test_scores_in_another_order_are_matched_by_name():
    data = samples()
    straight = evaluate(ClassificationMetric(num_resamples=0), data)
    for sample in data:
        sample.set_data(dict(scores=sample.scores.flip(0)))
        sample.set_metainfo(dict(score_classes=CLASSES[::-1]))
    assert evaluate(ClassificationMetric(num_resamples=0), data) == straight


def test_scores_of_some_classes_only():
    data = samples()
    for sample in data:
        sample.set_data(dict(scores=sample.scores[[2, 0]]))
        sample.set_metainfo(dict(score_classes=('Mass', 'Edema')))
    metric = ClassificationMetric(num_resamples=0)
    flat = evaluate(metric, data)
    assert 'classification/auroc_Effusion' not in flat
    assert 'labels without scores: Effusion' in metric.report['warnings']
    one = ClassificationMetric(classes=['Mass'], num_resamples=0)
    value = evaluate(one, data)['classification/auroc']
    assert value == flat['classification/auroc_Mass']


def test_unknown_class_names_are_refused():
    with pytest.raises(
        ValueError, match="no label is called 'Masses'; there are Edema"
    ):
        evaluate(ClassificationMetric(classes=['Masses']), samples())
    with pytest.raises(ValueError, match='3 labels for the classes'):
        evaluate(ClassificationMetric(), samples(), classes=('a', 'b'))


def test_a_class_of_one_label_is_null_named_and_not_raised():
    data, metric = samples(), ClassificationMetric(num_resamples=20)
    for sample in data:
        sample.gt_label[1] = 0
    flat = evaluate(metric, data)
    assert 'classification/auroc_Effusion' not in flat
    assert metric.report['metrics']['auroc_Effusion']['value'] is None
    assert any('Effusion' in text for text in metric.report['warnings'])
    assert not np.isnan(flat['classification/auroc'])


def test_images_without_patient_are_counted():
    data, metric = samples(), ClassificationMetric(num_resamples=5)
    for sample in data[:7]:
        sample.set_metainfo(dict(patient_id=''))
    evaluate(metric, data)
    assert metric.report['interval']['images_without_patient'] == 7
    assert any('7 of 31 images' in text for text in metric.report['warnings'])


def test_binary_takes_one_score_or_the_pair():
    generator = np.random.default_rng(0)
    labels, scores = generator.integers(0, 2, 20), generator.random(20)
    flats = []
    for pair in (False, True):
        data = [
            dict(
                image=str(i),
                scores=torch.tensor([1 - s, s] if pair else [s]),
                gt_label=torch.tensor([label]) if pair else int(label),
            )
            for i, (s, label) in enumerate(zip(scores, labels, strict=True))
        ]
        metric = ClassificationMetric(task='binary', num_resamples=10)
        flats.append(evaluate(metric, data, ('Pneumonia',)))
    assert flats[0] == flats[1]
    assert set(flats[0]) == {
        f'classification/{name}'
        for name in ('auroc', 'average_precision', 'accuracy', 'f1', 'f1_oracle')
    }
    assert flats[0]['classification/auroc'] == pytest.approx(
        roc_auc_score(labels, scores)
    )
    assert metric.report['settings']['threshold'] == 0.5


def test_exclusive_classes_by_index_or_one_hot():
    generator = np.random.default_rng(0)
    labels, scores = generator.integers(0, 3, 20), generator.normal(size=(20, 3))
    flats = []
    for one_hot in (False, True):
        data = [
            dict(
                image=str(i),
                scores=torch.from_numpy(s),
                gt_label=torch.eye(3)[label] if one_hot else int(label),
            )
            for i, (s, label) in enumerate(zip(scores, labels, strict=True))
        ]
        metric = ClassificationMetric(task='multiclass', num_resamples=10)
        flats.append(evaluate(metric, data))
    assert flats[0] == flats[1]
    accuracy = np.mean(scores.argmax(1) == labels)
    assert flats[0]['classification/accuracy'] == pytest.approx(accuracy)
    data[4]['gt_label'] = torch.tensor([1.0, 1.0, 0.0])
    with pytest.raises(ValueError, match="'4' must belong to exactly one class"):
        evaluate(ClassificationMetric(task='multiclass'), data)


def test_an_index_beyond_the_classes_is_refused():
    data = [dict(image='a', scores=torch.zeros(3), gt_label=3)]
    with pytest.raises(ValueError, match="1 images belong to none of .* first 'a'"):
        evaluate(ClassificationMetric(task='multiclass'), data)


def test_empty_split_bad_scores_and_missing_keys_are_refused():
    with pytest.raises(ValueError, match='the split is empty'):
        evaluate(ClassificationMetric(), [])
    data = samples(3)
    data[1].scores[0] = float('nan')
    with pytest.raises(ValueError, match="scores of '1.png' are not finite"):
        evaluate(ClassificationMetric(), data)
    with pytest.raises(ValueError, match="'x' has no 'scores'"):
        evaluate(ClassificationMetric(), [dict(image='x', gt_label=0)])
    with pytest.raises(ValueError, match="got 'multi'"):
        ClassificationMetric(task='multi')


def test_nothing_of_a_device_or_graph_is_kept():
    metric = ClassificationMetric()
    scores = torch.rand(3, requires_grad=True).to(torch.bfloat16)
    metric.process(None, [dict(image='a', scores=scores, gt_label=torch.zeros(3))])
    assert {type(v) for v in metric.results[0].values()} <= {
        str,
        np.ndarray,
        type(None),
    }
    assert metric.results[0]['scores'].dtype == np.float32


def test_standardised_scores():
    """The class is found relative to what its scores are elsewhere."""
    from mmcxr.evaluation.functional.classification import standardised

    scores = np.array([[5.0, 1.0, 2.0], [6.0, 0.0, 2.0], [7.0, 5.0, 2.0]])
    found = standardised(scores)
    np.testing.assert_allclose(found[:, :2].mean(0), 0, atol=1e-12)
    np.testing.assert_allclose(found[:, :2].std(0), 1)
    assert (found[:, 2] == 0).all()
    reports = {}
    for standardise in (False, True):
        metric = ClassificationMetric(
            task='multiclass', standardise=standardise, num_resamples=0
        )
        metric.dataset_meta = dict(classes=['A', 'B', 'C'])
        for n, label in enumerate((2, 2, 1)):
            sample = dict(
                image=f'{n}', patient_id='p', scores=scores[n], gt_label=label
            )
            metric.process(None, [sample])
        metric.compute_metrics(metric.results)
        reports[standardise] = metric.report
    accuracies = [r['metrics']['accuracy']['value'] for r in reports.values()]
    # Raw scores always say A; standardised, the rows' highest are C, A and B.
    assert accuracies == [0, pytest.approx(2 / 3)]
    assert reports[True]['settings']['standardise'] is True
    assert 'standardise' not in reports[False]['settings']
