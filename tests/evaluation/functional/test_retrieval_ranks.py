"""Ranks, recall and precision against loops and closed forms."""

from itertools import combinations

import numpy as np
import pytest
import torch

from mmcxr.evaluation.functional.recall import (
    RecallStatistics,
    chance_baselines,
    chance_recall,
)
from mmcxr.evaluation.functional.retrieval import precision_at_k, retrieval_ranks


def sample(num=23, dims=7, distinct=15, seed=0):
    generator = np.random.default_rng(seed)
    texts = [f'report {i}' for i in generator.integers(0, distinct, num)]
    images = generator.normal(size=(num, dims))
    table = generator.normal(size=(distinct, dims))
    text_embeds = np.array([table[int(text.split()[1])] for text in texts])
    return images, text_embeds + 0.3 * images[0], texts


def cosine(a, b):
    return a @ b / np.linalg.norm(a) / np.linalg.norm(b)


@pytest.mark.parametrize('seed', range(4))
def test_ranks_equal_a_loop(seed):
    images, texts_embeds, texts = sample(seed=seed)
    ranks = retrieval_ranks(images, texts_embeds, texts)
    pool = list(dict.fromkeys(texts))
    embed = {text: texts_embeds[texts.index(text)] for text in pool}
    for i, text in enumerate(texts):
        own = cosine(images[i], embed[text])
        higher = sum(cosine(images[i], embed[t]) > own for t in pool if t != text)
        assert ranks.image_to_text[i] == 1 + higher
        assert pool[ranks.target[i]] == text
    for entry, text in enumerate(pool):
        all_cosines = [cosine(image, embed[text]) for image in images]
        best = max(c for c, t in zip(all_cosines, texts, strict=True) if t == text)
        others = [c for c, t in zip(all_cosines, texts, strict=True) if t != text]
        assert ranks.text_to_image[entry] == 1 + sum(c > best for c in others)
        assert texts[ranks.first[entry]] == text
    assert ranks.image_ties == ranks.text_ties == 0


def test_chunked_equals_whole_even_with_ties():
    images, text_embeds, texts = sample(num=37)
    images[5] = images[11] = images[30]
    whole = retrieval_ranks(images, text_embeds, texts, chunk=1000)
    for chunk in (1, 4, 37):
        found = retrieval_ranks(images, text_embeds, texts, chunk)
        for one, other in zip(found, whole, strict=True):
            assert np.array_equal(one, other)


def test_perfect_and_constant_embeddings():
    embeds = np.eye(9)
    texts = [str(i) for i in range(9)]
    ranks = retrieval_ranks(embeds, embeds, texts)
    assert (ranks.image_to_text == 1).all() and (ranks.text_to_image == 1).all()
    assert ranks.image_ties == ranks.text_ties == 0
    constant = retrieval_ranks(np.ones((9, 4)), np.ones((9, 4)), texts)
    assert constant.image_ties == constant.text_ties == 9  # all rank 1, all tied


def test_worst_ranks():
    embeds = np.array([[1.0, 0.0], [0.0, 1.0]])
    ranks = retrieval_ranks(embeds, embeds[::-1], ['a', 'b'])
    assert ranks.image_to_text.tolist() == ranks.text_to_image.tolist() == [2, 2]


def test_length_of_embeddings_does_not_matter():
    images, text_embeds, texts = sample()
    one = retrieval_ranks(images, text_embeds, texts)
    other = retrieval_ranks(3 * images, 0.2 * text_embeds, texts)
    assert np.array_equal(one.image_to_text, other.image_to_text)


def test_bad_input_is_refused():
    images, text_embeds, texts = sample()
    images[4] = 0
    with pytest.raises(ValueError, match='1 image embeddings .* row 4'):
        retrieval_ranks(images, text_embeds, texts)
    with pytest.raises(ValueError, match='0 texts'):
        retrieval_ranks([], [], [])
    with pytest.raises(ValueError, match='as many images as texts'):
        retrieval_ranks(text_embeds, text_embeds, texts[:-1])


def test_recall_statistics_equal_numpy():
    ranks = np.array([1, 1, 3, 7, 12, 2])
    clusters = np.array([0, 0, 1, 1, 2, 3])
    statistic = RecallStatistics('i2t', ranks, (1, 5), clusters, 4)
    weights = torch.tensor([[1.0, 2.0], [1.0, 0.0], [1.0, 1.0], [1.0, 1.0]])
    found = statistic(weights)
    for column, rows in enumerate([[0, 1, 2, 3, 4, 5], [0, 1, 0, 1, 4, 5]]):
        chosen = ranks[rows]
        assert found['i2t_recall_at_1'][column] == np.mean(chosen <= 1)
        assert found['i2t_recall_at_5'][column] == np.mean(chosen <= 5)
        assert found['i2t_mean_rank'][column] == np.mean(chosen)
        assert found['i2t_median_rank'][column] == np.median(chosen)


def test_chance_of_one_match_is_k_over_pool():
    assert chance_recall(np.ones(3), 40, 5) == pytest.approx(5 / 40)
    assert chance_recall(np.ones(1), 4, 10) == pytest.approx(1)


def test_chance_of_several_matches_equals_counting():
    pool, matches = 7, 3
    orders = list(combinations(range(1, pool + 1), matches))
    for k in (1, 2, 5):
        share = np.mean([min(order) <= k for order in orders])
        assert chance_recall(np.array([matches]), pool, k) == pytest.approx(share)
    baselines = chance_baselines('t2i', [matches], pool, (1,))
    mean = np.mean([min(order) for order in orders])
    assert baselines['t2i_mean_rank']['value'] == pytest.approx(mean)


def test_precision_equals_a_loop_and_chunks_agree():
    images, text_embeds, _ = sample(num=29)
    labels = np.random.default_rng(1).integers(0, 4, 29)
    found = precision_at_k(images, text_embeds, labels, (1, 5))
    for i in range(29):
        order = sorted(range(29), key=lambda j: -cosine(images[i], text_embeds[j]))
        for column, k in enumerate((1, 5)):
            share = np.mean([labels[j] == labels[i] for j in order[:k]])
            assert found[i, column] == pytest.approx(share)
    chunked = precision_at_k(images, text_embeds, labels, (1, 5), chunk=4)
    assert np.array_equal(found, chunked)
    with pytest.raises(ValueError, match='only 29 reports'):
        precision_at_k(images, text_embeds, labels, (30,))
