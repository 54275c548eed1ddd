"""Losses by blocks: the numbers of the plain ones, and no tensor of all pairs."""

import pytest
import torch
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode

from mmcxr.models.losses import contrastive_blocks
from mmcxr.models.losses.contrastive import (
    clip_loss,
    info_nce,
    multi_view_clip_loss,
    multi_view_siglip_loss,
    pairwise_sigmoid,
    siglip_loss,
)

B, V, T, D = 13, 2, 3, 7
BLOCKS = [1, 4, 5, 12]


def unit(*shape, seed=0, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    embeds = torch.randn(*shape, generator=generator, dtype=dtype)
    return F.normalize(embeds, dim=-1).requires_grad_()


def scalar(value):
    return torch.tensor(value, dtype=torch.float64, requires_grad=True)


def value_and_slopes(loss, *leaves):
    return loss.detach(), torch.autograd.grad(3 * loss, leaves)


@pytest.mark.parametrize('block', BLOCKS)
@pytest.mark.parametrize('smoothing', [0.0, 0.2])
def test_info_nce(block, smoothing, rows_at_once):
    leaves = unit(B, D), unit(B + 4, D, seed=1), scalar(5.0)
    whole = value_and_slopes(info_nce(*leaves, smoothing), *leaves)
    rows_at_once(block)
    parts = value_and_slopes(info_nce(*leaves, smoothing), *leaves)
    torch.testing.assert_close(parts, whole, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize('block', BLOCKS)
def test_sigmoid(block, rows_at_once):
    leaves = unit(B, D), unit(B + 4, D, seed=1), scalar(5.0), scalar(-2.0)
    whole = value_and_slopes(pairwise_sigmoid(*leaves), *leaves)
    rows_at_once(block)
    parts = value_and_slopes(pairwise_sigmoid(*leaves), *leaves)
    torch.testing.assert_close(parts, whole, rtol=1e-12, atol=1e-14)


def test_sigmoid_against_a_loop():
    queries, keys = unit(B, D), unit(B + 2, D, seed=1)
    total = sum(
        -F.logsigmoid((1 if i == j else -1) * (5.0 * queries[i] @ keys[j] - 2.0))
        for i in range(B)
        for j in range(B + 2)
    )
    found = pairwise_sigmoid(queries, keys, 5.0, -2.0)
    torch.testing.assert_close(found, total / B)


def test_equal_logits_of_zero_cost_log_2_a_pair():
    zero = torch.zeros(B, D)
    found = siglip_loss(zero, zero, 10.0, 0.0)
    assert found.item() == pytest.approx(B * torch.log(torch.tensor(2.0)).item())


@pytest.mark.parametrize('block', [None, 5])
def test_gradients_are_right(block, rows_at_once):
    rows_at_once(block)
    leaves = unit(6, 2, 4), unit(6, 2, 4, seed=1), scalar(3.7)

    def clip(images, texts, scale):
        return multi_view_clip_loss(images, texts, scale, 0.7, 0.3, 0.1)['loss']

    def siglip(images, texts, scale, bias):
        return multi_view_siglip_loss(images, texts, scale, bias, 0.7, 0.3)['loss']

    assert torch.autograd.gradcheck(clip, leaves)
    assert torch.autograd.gradcheck(siglip, (*leaves, scalar(-1.0)))


@pytest.mark.parametrize('block', [1, 5, B, 99])
def test_losses_over_studies(block, rows_at_once):
    images, texts = unit(B, V, D), unit(B, T, D, seed=1)
    for loss, extra in ((multi_view_clip_loss, ()), (multi_view_siglip_loss, (-2.0,))):
        whole = loss(images, texts, 5.0, *extra)
        rows_at_once(block)
        torch.testing.assert_close(loss(images, texts, 5.0, *extra), whole)
        rows_at_once(None)
    one = clip_loss(images[:, 0], texts[:, 0], 5.0)
    rows_at_once(block)
    torch.testing.assert_close(clip_loss(images[:, 0], texts[:, 0], 5.0), one)


def test_sigmoid_over_studies_is_symmetric_and_of_its_parts():
    images, texts = unit(B, V, D), unit(B, T, D, seed=1)
    found = multi_view_siglip_loss(images, texts, 5.0, -2.0, 0.7, 0.3)
    pairs = [
        siglip_loss(images[:, a], texts[:, b], 5.0, -2.0)
        for a in range(V)
        for b in range(T)
    ]
    within = siglip_loss(images[:, 1], images[:, 0], 5.0, -2.0)
    torch.testing.assert_close(found['i2t'], torch.stack(pairs).mean())
    torch.testing.assert_close(found['icl'], within)
    total = found['i2t'] + 0.7 * found['icl'] + 0.3 * found['tcl']
    torch.testing.assert_close(found['loss'], total)
    flipped = multi_view_siglip_loss(
        images.flip(1), texts.roll(1, 1), 5.0, -2.0, 0.7, 0.3
    )
    torch.testing.assert_close(flipped, found)
    single = multi_view_siglip_loss(images[:, :1], texts[:, :1], 5.0, -2.0)
    assert single['icl'] == single['tcl'] == 0


class Largest(TorchDispatchMode):
    """Remembers the most elements that any operation returned."""

    def __init__(self):
        super().__init__()
        self.elements = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        found = function(*args, **(kwargs or {}))
        if isinstance(found, torch.Tensor):
            self.elements = max(self.elements, found.numel())
        return found


def test_many_similarities_are_scored_by_blocks():
    assert contrastive_blocks.rows_at_once(8192, 8192) == 8192
    assert contrastive_blocks.rows_at_once(32768, 32768) == 2048
    assert contrastive_blocks.rows_at_once(3, 2**30) == 1


@pytest.mark.parametrize('block', [None, 4])
@pytest.mark.parametrize('kind', [clip_loss, siglip_loss])
def test_no_tensor_of_all_pairs(kind, block, rows_at_once):
    pairs = unit(64, 5), unit(64, 5, seed=1)
    options = (2.0,) if kind is clip_loss else (2.0, -1.0)
    rows_at_once(block)
    with Largest() as seen:
        kind(*pairs, *options).backward()
    # A block, or the embeddings themselves where these are more.
    assert seen.elements == (64 * 64 if block is None else max(4 * 64, 64 * 5))


@pytest.mark.parametrize('block', [None, 4])
def test_half_precision_around_does_not_reach_the_similarities(block, rows_at_once):
    pairs = unit(B, D, dtype=torch.float32), unit(B, D, seed=1, dtype=torch.float32)
    exact = value_and_slopes(clip_loss(*pairs, 20.0), *pairs)
    rows_at_once(block)
    with torch.autocast('cpu', torch.bfloat16):
        loss = clip_loss(*pairs, 20.0)
    assert loss.dtype == torch.float32
    torch.testing.assert_close(value_and_slopes(loss, *pairs), exact)
