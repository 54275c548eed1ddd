"""LabelLossMetric against the loss that probes are trained with."""

import numpy as np
import pytest
import torch

from mmcxr.evaluation.metrics import LabelLossMetric
from mmcxr.models.losses.multi_label import multi_label_bce

LABELS = torch.tensor([[1.0, 0, -1], [0, float('nan'), 1], [0, 0, 0], [1, -1, 0]])


def evaluate(scores, labels=LABELS, **options):
    metric = LabelLossMetric(**options)
    for row, (score, label) in enumerate(zip(scores, labels, strict=True)):
        sample = dict(image=f'{row}.png', scores=score, gt_label=label)
        metric.process(None, [sample])
    return metric.evaluate(len(labels)), metric


@pytest.mark.parametrize('uncertain', ['zeros', 'ones', 'ignore'])
def test_is_the_loss_of_the_head(uncertain):
    logits = torch.randn(4, 3, generator=torch.Generator().manual_seed(0))
    flat, metric = evaluate(logits.sigmoid(), uncertain=uncertain)
    expected = multi_label_bce(logits, LABELS, uncertain)
    assert flat['label_loss/bce'] == pytest.approx(expected.item(), abs=1e-6)
    assert metric.report['settings']['uncertain'] == uncertain


def test_released_policy_is_the_default():
    logits = torch.randn(4, 3, generator=torch.Generator().manual_seed(0))
    zeros = torch.where(LABELS < 0, 0.0, LABELS)
    assert evaluate(logits.sigmoid())[0] == evaluate(logits.sigmoid(), zeros)[0]


def test_certain_and_wrong_is_finite():
    flat, _ = evaluate(torch.ones(1, 1), torch.zeros(1, 1))
    assert flat['label_loss/bce'] == pytest.approx(-np.log(1e-7))


def test_baseline_is_the_entropy_of_the_prevalence():
    _, metric = evaluate(torch.full((4, 1), 0.9), torch.tensor([[1.0], [0], [0], [0]]))
    entropy = -(0.25 * np.log(0.25) + 0.75 * np.log(0.75))
    assert metric.report['baselines']['bce']['value'] == pytest.approx(entropy)


def test_scores_that_are_no_probabilities():
    with pytest.raises(ValueError, match='needs a probability per label'):
        evaluate(torch.full((4, 3), 2.0))
    with pytest.raises(ValueError, match='uncertain must be one of'):
        LabelLossMetric(uncertain='maybe')
