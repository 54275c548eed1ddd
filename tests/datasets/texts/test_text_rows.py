"""Texts joined into rows: each token once, no text cut, few rows."""

import numpy as np
import pytest
import torch

from mmcxr.datasets.texts.text_rows import join_texts
from mmcxr.models.backbones.text_rows import padded_texts, tokens_of_rows


def random_lengths(seed, number=200, longest=100):
    generator = np.random.default_rng(seed)
    lengths = np.minimum(generator.geometric(1 / 20, number) + 1, longest)
    return [*lengths.tolist(), longest]


@pytest.mark.parametrize('seed', range(5))
@pytest.mark.parametrize('multiple', [1, 8])
def test_each_token_sits_at_one_place(seed, multiple):
    lengths = random_lengths(seed)
    rows = join_texts(lengths, 104, multiple)
    assert rows.dtype == torch.int64 and rows.shape[1] == 104
    assert len(rows) % multiple == 0
    expected = [104 * text + i for text, n in enumerate(lengths) for i in range(n)]
    assert sorted(rows[rows >= 0].tolist()) == expected
    texts = rows.div(104, rounding_mode='floor')
    for text in range(len(lengths)):
        at_row, at_column = (texts == text).nonzero().T
        assert len(set(at_row.tolist())) == 1  # in one row, side by side and in order
        first = int(at_column[0])
        assert at_column.tolist() == [*range(first, first + lengths[text])]


@pytest.mark.parametrize('seed', range(5))
def test_rows_are_nearly_full(seed):
    lengths = random_lengths(seed, number=500)
    rows = join_texts(lengths, 100)
    assert len(rows) <= np.ceil(sum(lengths) / 100) + 1


def test_small_cases_by_hand():
    rows = join_texts([2, 5, 3, 1], 5)
    none = -1
    assert rows.tolist() == [[5, 6, 7, 8, 9], [10, 11, 12, 0, 1], [15, *[none] * 4]]
    assert join_texts([5, 5], 5, 4).shape == (4, 5)
    assert join_texts([0, 1], 3).tolist() == [[3, 0, none]]  # an empty text has a place


def test_there_and_back():
    lengths = random_lengths(0, number=30)
    rows = join_texts(lengths, 100, 4)
    mask = torch.arange(100) < torch.tensor(lengths)[:, None]
    ids = torch.randint(1, 1000, mask.shape) * mask
    there, positions, texts = tokens_of_rows(ids, rows)
    vectors = torch.stack([there, positions, texts], dim=-1).double()
    back = padded_texts(vectors.requires_grad_(), rows, len(ids))
    columns = torch.arange(100).expand_as(mask)
    numbers = torch.arange(len(ids))[:, None].expand_as(mask)
    expected = torch.stack([ids, columns, numbers], dim=-1) * mask[..., None]
    assert torch.equal(back, expected.double())
    back.sum().backward()
    assert torch.equal(vectors.grad, (rows >= 0)[..., None].expand_as(vectors).double())
