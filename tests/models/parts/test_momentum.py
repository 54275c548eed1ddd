"""The momentum encoder against an average taken by hand; films shuffled over ranks."""

import pytest
import torch
from ranks import run_ranks
from torch import nn

from mmcxr.models.parts.momentum import MomentumEncoder, encode_shuffled


def encoder(seed):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(3, 5), nn.BatchNorm1d(5), nn.Linear(5, 2))


def moved(model, seed):
    """Every parameter and statistic at another place."""
    generator = torch.Generator().manual_seed(seed)
    for value in model.state_dict().values():
        if value.is_floating_point():
            value += torch.randn(value.shape, generator=generator)


@pytest.mark.parametrize('momentum', [0.9, 0.999])
def test_average_of_parameters_alone_from_the_first_update_on(momentum):
    model, copy = encoder(0), MomentumEncoder(encoder(1), momentum)
    copy.copy(model)
    expected = {k: v.clone() for k, v in model.named_parameters()}
    buffers = {k: v.clone() for k, v in copy.module.named_buffers()}
    for step in range(5):
        moved(model, step)
        copy.update_parameters(model)
        for name, value in model.named_parameters():
            kept = momentum * expected[name]
            expected[name] = (kept + (1 - momentum) * value).detach()
    found = dict(copy.module.named_parameters())
    # To the last bit, as released code rounds.
    torch.testing.assert_close(found, expected, rtol=0, atol=0)
    assert copy.steps == 5
    torch.testing.assert_close(dict(copy.module.named_buffers()), buffers)


def test_it_copies_what_it_is_told_to_and_not_again():
    model = encoder(0)
    copy = MomentumEncoder(model)
    moved(model, 0)
    assert not torch.equal(copy.module[0].weight, model[0].weight)
    copy.copy(model)
    torch.testing.assert_close(copy.module.state_dict(), model.state_dict())
    moved(model, 1)
    assert not torch.equal(copy.module[1].running_mean, model[1].running_mean)


def test_it_takes_no_gradient_and_keeps_its_own_statistics():
    owner = nn.Module()
    owner.query = encoder(0)
    owner.copy = MomentumEncoder(owner.query, 0.9)
    owner.train()
    films = torch.randn(7, 3)
    assert not owner.copy(films).requires_grad
    mean = 0.1 * owner.copy.module[0](films).mean(dim=0)
    torch.testing.assert_close(owner.copy.module[1].running_mean, mean)
    before = owner.copy.module[1].running_mean.clone()
    owner.copy.update_parameters(owner.query)
    assert torch.equal(owner.copy.module[1].running_mean, before)
    owner.eval()
    owner.copy(films)
    assert torch.equal(owner.copy.module[1].running_mean, before)


def test_it_is_saved_and_resumed():
    model, copy = encoder(0), MomentumEncoder(encoder(1), 0.9)
    copy.update_parameters(model)
    again = MomentumEncoder(encoder(2), 0.9)
    again.load_state_dict(copy.state_dict())
    moved(model, 3)
    for one in (copy, again):
        one.update_parameters(model)
    assert copy.steps == 2
    torch.testing.assert_close(again.state_dict(), copy.state_dict(), rtol=0, atol=0)


@pytest.mark.parametrize('momentum', [-0.1, 0, 1, 1.5])
def test_momentum_is_a_share(momentum):
    with pytest.raises(ValueError, match='momentum is'):
        MomentumEncoder(encoder(0), momentum)


FILMS = torch.randn(6, 2, generator=torch.Generator().manual_seed(0))
ORDER = torch.tensor([3, 0, 5, 1, 4, 2])


def encode(films):
    """Each row, and the mean of its batch."""
    return torch.cat([films, films.mean(dim=0).expand_as(films)], dim=1)


def shuffled_rank(rank, world, order):
    return encode_shuffled(encode, FILMS.chunk(world)[rank], order)


@pytest.mark.parametrize('world', [2, 3])
def test_ranks_encode_films_of_all_and_get_their_own_back(world, tmp_path):
    found = torch.cat(run_ranks(shuffled_rank, world, tmp_path, ORDER))
    torch.testing.assert_close(found[:, :2], FILMS)
    means = torch.empty_like(FILMS)
    for part in ORDER.chunk(world):
        means[part] = FILMS[part].mean(dim=0)
    torch.testing.assert_close(found[:, 2:], means)


def test_a_single_process_encodes_its_batch_as_it_is():
    assert torch.equal(encode_shuffled(encode, FILMS, ORDER), encode(FILMS))
