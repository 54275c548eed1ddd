"""Contrastive losses of one process: oracle, closed forms, properties."""

import math

import pytest
import torch
from torch.nn import functional as F

from mmcxr.models.losses.contrastive import (
    clip_loss,
    info_nce,
    multi_view_clip_loss,
)

B, V, T, D = 5, 2, 3, 11
SCALE = 3.7


def unit(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    embeds = torch.randn(*shape, generator=generator, dtype=torch.float64)
    return F.normalize(embeds, dim=-1)


def cross_entropy(queries, keys, smoothing=0.0):
    """Mean over rows i of -sum_j q_j log softmax(scale <a_i, b_j>)."""
    total, n = 0.0, len(queries)
    for i in range(n):
        logits = [SCALE * float(queries[i] @ key) for key in keys]
        log_sum = math.log(sum(math.exp(x) for x in logits))
        for j, logit in enumerate(logits):
            weight = smoothing / n + (1 - smoothing) * (i == j)
            total -= weight * (logit - log_sum)
    return total / n


def oracle(image, text, w_image, w_text, smoothing):
    """CXR-CLIP's loss, term by term."""
    num_views, num_texts = image.shape[1], text.shape[1]
    places = [(a, b) for a in range(num_views) for b in range(num_texts)]
    i2t = [cross_entropy(image[:, a], text[:, b], smoothing) for a, b in places]
    t2i = [cross_entropy(text[:, b], image[:, a], smoothing) for a, b in places]

    def within(x, count):
        pairs = [(a, b) for a in range(count) for b in range(count) if a != b]
        terms = [cross_entropy(x[:, a], x[:, b]) for a, b in pairs]
        return sum(terms) / len(terms) if terms else 0.0

    parts = dict(
        i2t=sum(i2t) / len(i2t),
        t2i=sum(t2i) / len(t2i),
        icl=within(image, num_views),
        tcl=within(text, num_texts),
    )
    clip = (parts['i2t'] + parts['t2i']) / 2
    total = clip + w_image * parts['icl'] + w_text * parts['tcl']
    return dict(parts, loss=total)


@pytest.mark.parametrize('smoothing', [0.0, 0.2])
@pytest.mark.parametrize(('views', 'texts'), [(V, T), (1, 2), (2, 1), (1, 1)])
def test_against_a_loop(views, texts, smoothing):
    image, text = unit(B, views, D), unit(B, texts, D, seed=1)
    losses = multi_view_clip_loss(image, text, SCALE, 0.7, 0.3, smoothing)
    expected = oracle(image, text, 0.7, 0.3, smoothing)
    assert set(losses) == set(expected)
    for name, value in expected.items():
        assert losses[name].item() == pytest.approx(value, rel=1e-9), name


def test_only_the_total_carries_gradient():
    image = unit(B, V, D).requires_grad_()
    losses = multi_view_clip_loss(image, unit(B, T, D, seed=1), SCALE)
    assert [name for name, v in losses.items() if v.requires_grad] == ['loss']


def test_equal_embeddings_give_log_b():
    same = unit(1, 1, D)
    losses = multi_view_clip_loss(same.expand(B, V, D), same.expand(B, T, D), SCALE)
    for name in ('i2t', 't2i', 'icl', 'tcl'):
        assert losses[name].item() == pytest.approx(math.log(B))
    assert losses['loss'].item() == pytest.approx(2.5 * math.log(B))


def test_orthogonal_pairs_closed_form():
    eye = torch.eye(B, dtype=torch.float64)
    expected = math.log(math.exp(SCALE) + B - 1) - SCALE
    assert clip_loss(eye, eye, SCALE).item() == pytest.approx(expected)


def test_one_view_is_clip():
    image, text = unit(B, D), unit(B, D, seed=1)
    losses = multi_view_clip_loss(image[:, None], text[:, None], SCALE)
    torch.testing.assert_close(losses['loss'], clip_loss(image, text, SCALE))


def test_swapping_modalities_swaps_parts():
    image, text = unit(B, V, D), unit(B, T, D, seed=1)
    one = multi_view_clip_loss(image, text, SCALE, 0.7, 0.3)
    two = multi_view_clip_loss(text, image, SCALE, 0.3, 0.7)
    torch.testing.assert_close(one['loss'], two['loss'])
    torch.testing.assert_close(one['i2t'], two['t2i'])
    torch.testing.assert_close(one['icl'], two['tcl'])


def test_order_of_pairs_and_places_is_irrelevant():
    image, text = unit(B, V, D), unit(B, T, D, seed=1)
    whole = multi_view_clip_loss(image, text, SCALE)['loss']
    order = torch.tensor([3, 1, 4, 0, 2])
    moved = multi_view_clip_loss(image[order], text[order], SCALE)['loss']
    flipped = multi_view_clip_loss(image.flip(1), text.roll(1, 1), SCALE)['loss']
    broken = multi_view_clip_loss(image, text[order], SCALE)['loss']
    torch.testing.assert_close(moved, whole)
    torch.testing.assert_close(flipped, whole)
    assert not torch.isclose(broken, whole)


def test_weights_of_zero_leave_plain_clip():
    image, text = unit(B, V, D), unit(B, T, D, seed=1)
    losses = multi_view_clip_loss(image, text, SCALE, 0.0, 0.0)
    torch.testing.assert_close(losses['loss'], (losses['i2t'] + losses['t2i']) / 2)


def test_gradients_are_right():
    image = unit(3, 2, 4).requires_grad_()
    text = unit(3, 2, 4, seed=1).requires_grad_()
    scale = torch.tensor(SCALE, dtype=torch.float64, requires_grad=True)

    def total(image, text, scale):
        return multi_view_clip_loss(image, text, scale, label_smoothing=0.1)['loss']

    assert torch.autograd.gradcheck(total, (image, text, scale))


def test_more_keys_than_queries():
    queries, keys = unit(B, D), unit(B + 2, D, seed=1)
    logits = SCALE * queries @ keys.T
    expected = F.cross_entropy(logits, torch.arange(B))
    torch.testing.assert_close(info_nce(queries, keys, SCALE), expected)
