"""Losses against a queue: loops as oracles, closed forms, gradients."""

import math

import pytest
import torch
from torch.nn import functional as F

from mmcxr.models.losses import (
    joint_contrastive_loss,
    laterality_weights,
    queue_cross_entropy,
    queue_logits,
    same_laterality,
)

B, M, K, D = 5, 3, 11, 7
T = 0.3


def unit(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    values = torch.randn(*shape, generator=generator, dtype=torch.float64)
    return F.normalize(values, dim=-1)


@pytest.fixture
def queries():
    return unit(B, D).requires_grad_()


@pytest.fixture
def queue():
    return unit(K, D, seed=2).T


def test_against_a_loop(queries, queue):
    keys = unit(B, D, seed=1)
    weights = torch.rand(B, K, dtype=torch.float64) + 0.1
    kept = torch.rand(B, K) > 0.4
    logits = queue_logits(queries, keys, queue, T)
    for options in ({}, dict(weights=weights), dict(kept=kept, weights=weights)):
        total = 0.0
        for i in range(B):
            own = math.exp(float(queries[i] @ keys[i]) / T)
            others = sum(
                float(options['weights'][i, j] if 'weights' in options else 1)
                * math.exp(float(queries[i] @ queue[:, j]) / T)
                for j in range(K)
                if 'kept' not in options or kept[i, j]
            )
            total -= math.log(own / (own + others))
        loss = queue_cross_entropy(logits, **options)
        assert loss.item() == pytest.approx(total / B)


def test_moco_of_mmpretrain_is_the_same(queries, queue):
    from mmpretrain.models.heads import ContrastiveHead

    keys = unit(B, D, seed=1)
    own = (queries * keys).sum(dim=1, keepdim=True)
    loss = dict(type='CrossEntropyLoss', _scope_='mmpretrain')
    head = ContrastiveHead(loss=loss, temperature=T)
    found = queue_cross_entropy(queue_logits(queries, keys, queue, T))
    torch.testing.assert_close(found, head.loss(own, queries @ queue))


def test_alike_keys_give_the_log_of_their_number(queue):
    same = unit(1, D)
    logits = queue_logits(same.expand(B, D), same.expand(B, D), same.T.expand(D, K), T)
    assert queue_cross_entropy(logits).item() == pytest.approx(math.log(K + 1))
    kept = torch.zeros(B, K, dtype=torch.bool)
    assert queue_cross_entropy(logits, kept=kept).item() == 0
    with pytest.raises(ValueError, match=r'kept is \(5, 3\) for a queue of \(5, 11\)'):
        queue_cross_entropy(logits, kept=kept[:, :3])


def test_only_queries_take_a_gradient(queries, queue):
    keys = unit(B, M, D, seed=1).requires_grad_()
    queue.requires_grad_()
    queue_cross_entropy(queue_logits(queries, keys[:, 0], queue, T)).backward()
    losses = joint_contrastive_loss(queries, keys, queue, T)
    (losses['loss_contrastive'] + losses['loss_covariance']).backward()
    assert (
        keys.grad is None and queue.grad is None and not losses['logits'].requires_grad
    )
    for part in ('loss_contrastive', 'loss_covariance'):
        assert torch.autograd.gradcheck(
            lambda q, part=part: joint_contrastive_loss(q, keys, queue, T, 1.7)[part],
            queries,
        )


def test_joint_contrastive_loss_with_the_covariance_written_out(queries, queue):
    keys, ratio = unit(B, M, D, seed=1), 1.7
    losses = joint_contrastive_loss(queries, keys, queue, T, ratio)
    rows, spread = [], []
    for i in range(B):
        mean = keys[i].mean(dim=0)
        covariance = torch.cov(keys[i].T, correction=0) * ratio / T
        own = queries[i] @ (mean + covariance @ queries[i] / 2) / T
        rows.append(torch.cat([own[None], queries[i] @ queue / T]))
        spread.append(queries[i] @ covariance @ queries[i] / (2 * T))
    rows = torch.stack(rows)
    torch.testing.assert_close(losses['logits'], rows.detach())
    expected = F.cross_entropy(rows, torch.zeros(B, dtype=torch.int64))
    torch.testing.assert_close(losses['loss_contrastive'], expected)
    torch.testing.assert_close(losses['loss_covariance'], torch.stack(spread).mean())


def test_one_key_is_moco(queries, queue):
    keys = unit(B, 1, D, seed=1)
    losses = joint_contrastive_loss(queries, keys, queue, T)
    plain = queue_cross_entropy(queue_logits(queries, keys[:, 0], queue, T))
    torch.testing.assert_close(losses['loss_contrastive'], plain)
    assert losses['loss_covariance'].item() == pytest.approx(0)


def test_laterality():
    own, queue = torch.tensor([0, 1]), torch.tensor([0, 0, 1, 0, 1])
    patient, study = torch.tensor([3, 4]), torch.tensor([1, 1])
    others = torch.tensor([3, 3, 4, 5, 6]), torch.tensor([1, 2, 1, 1, 1])
    kept = same_laterality(own, queue, study, others[1], patient, others[0])
    assert kept.tolist() == [
        [False, True, False, True, False],  # its own study is left out
        [False, False, False, False, True],
    ]
    weights = laterality_weights(own, queue, 0.9)
    torch.testing.assert_close(weights.sum(dim=1), torch.tensor([5.0, 5.0]))
    hard = torch.where(own[:, None] == queue, weights, 0).sum(dim=1)
    torch.testing.assert_close(hard / 5, torch.tensor([0.9, 0.9]))


def test_queue_of_one_laterality():
    weights = laterality_weights(
        torch.tensor([0, 1]), torch.zeros(4, dtype=torch.int64)
    )
    assert weights.isfinite().all() and (weights[0] == 0.9).all()
