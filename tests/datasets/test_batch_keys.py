"""The table of keys: token ids without a mask, and a key that is added in one line."""

import numpy as np
import pytest
import torch

from mmcxr.datasets import batch_keys
from mmcxr.datasets.collate import collate_studies
from mmcxr.models.preprocessor import FilmPreprocessor
from mmcxr.registry import TRANSFORMS


def packed(name, pack='PackStudy', **more):
    film = np.full((5, 3), 7, np.uint8)
    return TRANSFORMS.build(dict(type=pack))(dict(img=film, image=name, **more))


def test_words_are_padded_without_a_mask():
    words = [[2, 9, 8, 3], [2, 3], [2, 7, 3]]
    batch = [packed(f'{n}.png', word_ids=ids) for n, ids in enumerate(words)]
    inputs = collate_studies(batch, pad_token_id=1, pad_to_multiple=5)['inputs']
    assert set(inputs) == {'image', 'word_ids'}
    assert inputs['word_ids'].dtype == torch.int64
    assert inputs['word_ids'].tolist() == [[*w, *[1] * (5 - len(w))] for w in words]


def test_words_and_texts_in_one_batch():
    more = dict(input_ids=[[2, 3], [2, 5, 3]])
    batch = [packed('a', word_ids=range(1 + n), **more) for n in range(2)]
    inputs = collate_studies(batch)['inputs']
    assert inputs['input_ids'].shape == inputs['attention_mask'].shape == (2, 2, 3)
    assert inputs['word_ids'].tolist() == [[0, 0], [0, 1]]


def test_words_that_do_not_fit_are_named():
    with pytest.raises(ValueError, match=r"word_ids of 'a' .*not \(1, 2\)"):
        packed('a', word_ids=[[2, 3]])
    batch = [packed('a', word_ids=[2]), packed('b', word_ids=[2, 4, 3])]
    with pytest.raises(ValueError, match=r"'b' has a text of 3 tokens.*pad_to=2"):
        collate_studies(batch, pad_to=2)
    with pytest.raises(ValueError, match="kind of words: 'a' has some, 'c' has none"):
        collate_studies([batch[0], packed('c')])


def test_token_ids_are_for_studies():
    inputs = packed('a', 'PackFilm', word_ids=[2], input_ids=[[2]])['inputs']
    assert set(inputs) == {'image'}


@pytest.mark.parametrize('pack', ['PackFilm', 'PackStudy'])
def test_one_line_adds_a_number_of_each_sample(monkeypatch, pack):
    laterality = batch_keys.Stack('laterality', np.int64)
    monkeypatch.setitem(batch_keys.KEYS, 'laterality', laterality)
    batch = [packed(f'{n}.png', pack, laterality=n % 2) for n in range(3)]
    data = FilmPreprocessor()(collate_studies(batch))
    assert data['inputs']['laterality'].tolist() == [0, 1, 0]
    assert data['inputs']['laterality'].dtype == torch.int64
    with pytest.raises(ValueError, match=r"laterality: '0.png' has one, 'x' has none"):
        collate_studies([*batch, packed('x', pack)])
