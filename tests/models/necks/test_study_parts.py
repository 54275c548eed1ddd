"""Gates over the views of a study, and the decoder of its report."""

import pytest
import torch

from mmcxr.models.necks import ReportDecoder, ViewFusion

B, V, N, C, L, WORDS = 2, 3, 5, 7, 6, 23


@pytest.fixture
def decoder():
    torch.manual_seed(0)
    model = ReportDecoder(
        C,
        embed_dims=16,
        num_layers=2,
        num_heads=2,
        feedforward_channels=24,
        vocab_size=WORDS,
        max_length=8,
    )
    return model.eval()


def test_gate_of_each_patch_against_a_loop():
    fusion, patches = ViewFusion(C, V), torch.randn(B, V, N, C)
    gates, fused = fusion.weights(patches), fusion(patches)
    assert fused.shape == (B, V * N, C)
    for view in range(V):
        for place in range(N):
            together = torch.cat([patches[:, v, place] for v in range(V)], dim=1)
            weight, bias = fusion.gate.weight[view], fusion.gate.bias[view]
            gate = (together @ weight + bias).sigmoid()
            torch.testing.assert_close(gates[:, view, place], gate)
            expected = gate[:, None] * patches[:, view, place]
            torch.testing.assert_close(fused[:, view * N + place], expected)


@torch.no_grad()
def test_words_depend_on_films_and_earlier_words_alone(decoder):
    tokens, words = torch.randn(B, N, C), torch.randint(1, WORDS, (B, L))
    scores = decoder(tokens, words)
    assert scores.shape == (B, L, WORDS)
    changed = words.clone()
    changed[:, 4] = changed[:, 4] % (WORDS - 1) + 1
    later = decoder(tokens, changed)
    torch.testing.assert_close(later[:, :4], scores[:, :4])
    assert not torch.allclose(later[:, 4:], scores[:, 4:])
    assert not torch.allclose(decoder(tokens + 1, words), scores)


@torch.no_grad()
def test_padding_changes_nothing(decoder):
    tokens, words = torch.randn(B, N, C), torch.randint(1, WORDS, (B, 4))
    padded = torch.cat([words, torch.zeros(B, 3, dtype=torch.int64)], dim=1)
    found = decoder(tokens, padded)[:, :4]
    torch.testing.assert_close(found, decoder(tokens, words))


def test_one_matrix_embeds_and_predicts(decoder):
    tokens, words = torch.randn(B, N, C), torch.randint(1, WORDS, (B, L))
    decoder(tokens, words).logsumexp(-1).sum().backward()
    assert all(value.grad is not None for value in decoder.parameters())
    names = [n for n, p in decoder.named_parameters() if WORDS in p.shape]
    assert names == ['bias', 'words.weight']


def test_too_many_words(decoder):
    with pytest.raises(ValueError, match='reports of 9 words came, .* has 8'):
        decoder(torch.randn(1, N, C), torch.ones(1, 9, dtype=torch.int64))
