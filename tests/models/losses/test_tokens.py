"""Which tokens carry loss, and their mean, on one process and on several."""

import pytest
import torch
from ranks import run_ranks
from torch.nn import functional as F

from mmcxr.models.losses import loss_tokens, mean_of_all_ranks, token_errors

TARGETS = torch.tensor([[2, 7, 8, 0], [2, 9, 5, 6]])
IDS = torch.tensor([[2, 3, 8, 0], [2, 3, 5, 3]])
ATTENDED = torch.tensor([[1, 1, 1, 0], [1, 1, 1, 1]])


@pytest.mark.parametrize(
    'loss_on, expected',
    [
        ('masked', [[0, 1, 0, 0], [0, 1, 0, 1]]),
        ('non_pad', [[1, 1, 1, 0], [1, 1, 1, 1]]),
        ('all', [[1, 1, 1, 1], [1, 1, 1, 1]]),
    ],
)
def test_choice(loss_on, expected):
    found = loss_tokens(loss_on, IDS, TARGETS, ATTENDED)
    assert torch.equal(found, torch.tensor(expected).bool())


def test_unknown_choice():
    with pytest.raises(ValueError, match='some'):
        loss_tokens('some', IDS, TARGETS, ATTENDED)


def test_errors():
    logits, targets = torch.randn(5, 11), torch.randint(0, 11, (5,))
    shares = logits.exp() / logits.exp().sum(1, keepdim=True)
    expected = torch.stack([-shares[i, t].log() for i, t in enumerate(targets)])
    torch.testing.assert_close(token_errors(logits, targets), expected)
    # All words alike: the logarithm of their number.
    alike = token_errors(torch.zeros(1, 11, dtype=torch.bfloat16), targets[:1])
    torch.testing.assert_close(alike, torch.tensor([11.0]).log())
    torch.testing.assert_close(
        mean_of_all_ranks(token_errors(logits, targets).sum(), 5),
        F.cross_entropy(logits, targets),
    )


def test_no_token_is_no_loss_but_a_graph():
    weight = torch.ones(3, requires_grad=True)
    loss = mean_of_all_ranks(weight[:0].sum(), 0)
    loss.backward()
    assert loss == 0 and torch.equal(weight.grad, torch.zeros(3))


def part_rank(rank, world, values, sizes):
    """This rank's loss and gradient of a scale, from its part of the errors."""
    scale = torch.tensor(1.0, requires_grad=True)
    part = values.split(sizes)[rank] if world > 1 else values
    loss = mean_of_all_ranks((scale**2 * part).sum(), len(part))
    loss.backward()
    return dict(loss=loss.detach(), grad=scale.grad)


@pytest.mark.dist
@pytest.mark.parametrize('sizes', [[5, 2], [7, 0], [0, 0]])
def test_ranks_of_unequal_counts(tmp_path, sizes):
    values = torch.arange(1.0, 8.0)[: sum(sizes)]
    whole = part_rank(0, 1, values, sizes)
    assert whole['loss'] == (4.0 if sum(sizes) else 0.0)
    ranks = run_ranks(part_rank, 2, tmp_path, values, sizes)
    for name in ('loss', 'grad'):
        mean = torch.stack([rank[name] for rank in ranks]).mean()
        torch.testing.assert_close(mean, whole[name])
