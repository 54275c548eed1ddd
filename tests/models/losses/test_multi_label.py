import math

import pytest
import torch
from ranks import run_ranks
from torch.nn import functional as F

from mmcxr.models.losses.multi_label import multi_label_bce

NAN = float('nan')
TARGETS = torch.tensor(
    [[1, 0, NAN], [-1, NAN, 0], [1, 1, 1], [0, -1, NAN], [NAN, NAN, NAN]]
)
LOGITS = torch.linspace(-3, 4, 15).view(5, 3)


def oracle(uncertain):
    total, count = 0.0, 0
    for row, label in zip(LOGITS, TARGETS, strict=True):
        for logit, target in zip(row.tolist(), label.tolist(), strict=True):
            if math.isnan(target) or (target < 0 and uncertain == 'ignore'):
                continue
            if target < 0:
                target = dict(zeros=0.0, ones=1.0)[uncertain]
            probability = 1 / (1 + math.exp(-logit))
            total -= math.log(probability if target else 1 - probability)
            count += 1
    return total / count


@pytest.mark.parametrize('uncertain', ['zeros', 'ones', 'ignore'])
def test_against_a_loop(uncertain):
    logits = LOGITS.clone().requires_grad_()
    loss = multi_label_bce(logits, TARGETS, uncertain)
    assert loss.item() == pytest.approx(oracle(uncertain), rel=1e-5)
    loss.backward()
    ignored = TARGETS.isnan() | ((TARGETS < 0) & (uncertain == 'ignore'))
    assert torch.equal(logits.grad == 0, ignored)


def test_known_labels_give_plain_cross_entropy():
    targets = (torch.arange(15).view(5, 3) % 2).float()
    expected = F.binary_cross_entropy_with_logits(LOGITS, targets)
    torch.testing.assert_close(multi_label_bce(LOGITS, targets), expected)


def test_weight_of_present_labels():
    """A loop, and the multi-label soft margin that S2MTS2 trains by."""
    weight = torch.tensor([2.0, 0.5, 3.0])
    targets = (torch.arange(15).view(5, 3) % 2).float()
    found = multi_label_bce(LOGITS, targets, pos_weight=weight)
    total = 0.0
    for row, label in zip(LOGITS, targets, strict=True):
        for logit, target, w in zip(row, label, weight, strict=True):
            p = 1 / (1 + math.exp(-logit))
            total -= w.item() * math.log(p) if target else math.log(1 - p)
    assert found.item() == pytest.approx(total / 15, rel=1e-5)
    plain = multi_label_bce(LOGITS, targets)
    torch.testing.assert_close(plain, F.multilabel_soft_margin_loss(LOGITS, targets))


def test_nothing_known_is_zero_with_zero_gradient():
    logits = LOGITS.clone().requires_grad_()
    loss = multi_label_bce(logits, torch.full((5, 3), NAN))
    loss.backward()
    assert loss == 0
    assert not logits.grad.any()


def rank_work(rank, world):
    """Rows rank, rank + world, ... of the table: ranks know unequally many."""
    logits = LOGITS[rank::world].clone().requires_grad_()
    loss = multi_label_bce(logits, TARGETS[rank::world])
    loss.backward()
    return dict(loss=loss.detach(), grad=logits.grad)


@pytest.mark.dist
@pytest.mark.parametrize('world', [2, 3])
def test_mean_of_the_ranks_is_that_of_one_process(tmp_path, world):
    logits = LOGITS.clone().requires_grad_()
    loss = multi_label_bce(logits, TARGETS)
    loss.backward()
    found = run_ranks(rank_work, world, tmp_path)
    mean = torch.stack([part['loss'] for part in found]).mean()
    torch.testing.assert_close(mean, loss.detach())
    for rank, part in enumerate(found):
        torch.testing.assert_close(part['grad'] / world, logits.grad[rank::world])


def test_unknown_policy():
    with pytest.raises(ValueError, match='maybe'):
        multi_label_bce(LOGITS, TARGETS, 'maybe')
