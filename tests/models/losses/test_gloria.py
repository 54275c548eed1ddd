"""GLoRIA's losses against loops, closed forms and symmetries."""

import math

import pytest
import torch
from torch.nn import functional as F

from mmcxr.models.losses import gloria_losses, local_similarities, word_attention

B, D, H, W, L = 5, 7, 3, 4, 6
COLUMNS = torch.tensor([3, 6, 1, 5, 4])


def inputs(seed=0):
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.double)

    return draw(B, D), draw(B, D), draw(B, D, H, W), draw(B, D, L), COLUMNS


def naive_local(regions, words, columns):
    found = torch.zeros(B, B, dtype=torch.double)
    for b in range(B):
        places = [regions[b, :, y, x] for y in range(H) for x in range(W)]
        for n in range(B):
            text = [words[n, :, k] for k in range(columns[n])]
            scores = torch.stack([torch.stack([p @ w for w in text]) for p in places])
            scores = torch.softmax(scores, dim=1)  # over words
            total = 0
            for k, word in enumerate(text):
                weights = torch.softmax(4 * scores[:, k], dim=0)  # over regions
                seen = sum(
                    weight * p for weight, p in zip(weights, places, strict=True)
                )
                total += math.exp(5 * F.cosine_similarity(word, seen, dim=0))
            found[b, n] = math.log(total)
    return found


def test_local_similarities_by_loops():
    _, _, regions, words, columns = inputs()
    expected = naive_local(regions, words, columns)
    torch.testing.assert_close(local_similarities(regions, words, columns), expected)


def test_losses_by_loops():
    images, texts, regions, words, columns = inputs()
    losses = gloria_losses(images, texts, regions, words, columns, local_weight=0.5)
    cosines = F.cosine_similarity(images[:, None], texts[None], dim=2)
    for name, similarity in (
        ('global', cosines),
        ('local', naive_local(regions, words, columns)),
    ):
        rows = (10 * similarity).log_softmax(dim=1).diag().mean()
        columns_ = (10 * similarity).log_softmax(dim=0).diag().mean()
        torch.testing.assert_close(losses[f'{name}_i2t'], -rows)
        torch.testing.assert_close(losses[f'{name}_t2i'], -columns_)
    total = losses['global_i2t'] + losses['global_t2i']
    total = total + 0.5 * (losses['local_i2t'] + losses['local_t2i'])
    torch.testing.assert_close(losses['loss'], total)


def test_equal_pairs_give_log_b():
    one = [value[:1].expand(B, *value.shape[1:]) for value in inputs()[:4]]
    losses = gloria_losses(*one, torch.full((B,), 4))
    for name in ('global_i2t', 'global_t2i', 'local_i2t', 'local_t2i'):
        assert losses[name].item() == pytest.approx(math.log(B))


def test_order_of_pairs_and_of_regions_is_irrelevant():
    images, texts, regions, words, columns = inputs()
    expected = gloria_losses(images, texts, regions, words, columns)['loss']
    order = torch.tensor([3, 0, 4, 1, 2])
    moved = (v[order] for v in (images, texts, regions, words, columns))
    torch.testing.assert_close(gloria_losses(*moved)['loss'], expected)
    flipped = regions.flip(2, 3)
    found = gloria_losses(images, texts, flipped, words, columns)['loss']
    torch.testing.assert_close(found, expected)


def test_columns_behind_the_words_do_not_count():
    images, texts, regions, words, columns = inputs()
    changed = words.clone()
    for text, number in zip(changed, columns.tolist(), strict=True):
        text[:, number:] = 99
    torch.testing.assert_close(
        gloria_losses(images, texts, regions, changed, columns)['loss'],
        gloria_losses(images, texts, regions, words, columns)['loss'],
    )


def test_attention_is_a_distribution_over_regions():
    _, _, regions, words, _ = inputs()
    attention = word_attention(regions.flatten(2), words[0])
    assert attention.shape == (B, L, H * W)
    torch.testing.assert_close(attention.sum(2), torch.ones(B, L, dtype=torch.double))


def test_every_input_gets_a_gradient():
    values = [value.clone().requires_grad_() for value in inputs()[:4]]
    gloria_losses(*values, COLUMNS)['loss'].backward()
    assert all(value.grad.abs().sum() > 0 for value in values)


def test_empty_columns_have_a_finite_gradient():
    images, texts, regions, words, _ = inputs()
    words = words.clone()
    words[:, :, 4:] = 0
    words.requires_grad_()
    losses = gloria_losses(images, texts, regions, words, torch.full((B,), L))
    losses['loss'].backward()
    assert torch.isfinite(words.grad).all() and torch.isfinite(losses['loss'])
