"""ConVIRT's and REFERS' loss of two directions that weigh differently."""

import pytest
import torch
from torch.nn import functional as F

from mmcxr.models.losses import clip_loss, weighted_clip_loss

B, D = 5, 7


def unit(seed):
    generator = torch.Generator().manual_seed(seed)
    values = torch.randn(B, D, generator=generator, dtype=torch.float64)
    return F.normalize(values, dim=-1).requires_grad_()


def test_against_cross_entropy():
    images, texts, target = unit(0), unit(1), torch.arange(B)
    losses = weighted_clip_loss(images, texts, (10.0, 4.0), 0.75)
    i2t = F.cross_entropy(10 * images @ texts.T, target)
    t2i = F.cross_entropy(4 * texts @ images.T, target)
    for name, value in dict(loss=0.75 * i2t + 0.25 * t2i, i2t=i2t, t2i=t2i).items():
        torch.testing.assert_close(losses[name], value)
    assert [name for name, value in losses.items() if value.requires_grad] == ['loss']


def test_half_and_half_is_clip():
    images, texts = unit(0), unit(1)
    losses = weighted_clip_loss(images, texts, (3.0, 3.0), 0.5)
    torch.testing.assert_close(losses['loss'], clip_loss(images, texts, 3.0))


def test_modalities_swapped_swap_the_weights():
    images, texts = unit(0), unit(1)
    one = weighted_clip_loss(images, texts, (10.0, 4.0), 0.75)['loss']
    other = weighted_clip_loss(texts, images, (4.0, 10.0), 0.25)['loss']
    torch.testing.assert_close(one, other)


@pytest.mark.parametrize('detach', [False, True])
def test_detached_direction_counts_without_gradient(detach):
    images, texts = unit(0), unit(1)
    loss = weighted_clip_loss(images, texts, (10.0, 4.0), 0.75, detach_text=detach)
    (found,) = torch.autograd.grad(loss['loss'], images, retain_graph=True)
    parts = weighted_clip_loss(images, texts, (10.0, 4.0), 1.0)['loss'] * 0.75
    (alone,) = torch.autograd.grad(parts, images)
    assert torch.allclose(found, alone) == detach
    plain = weighted_clip_loss(images, texts, (10.0, 4.0), 0.75)['loss']
    torch.testing.assert_close(loss['loss'], plain)
