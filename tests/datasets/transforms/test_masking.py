"""Word masks against a plain loop and MRM's stored examples; noise of patches."""

import json
import random

import numpy as np
import pytest
import torch

from mmcxr.datasets.seeding import sample_seed
from mmcxr.datasets.texts.tokenizers import HFTokenizer
from mmcxr.datasets.texts.wordpiece import train_wordpiece
from mmcxr.datasets.transforms.masking import MaskWords, mask_words
from mmcxr.registry import TRANSFORMS

VOCAB = '[PAD] [UNK] [CLS] [SEP] [MASK] heart lung ##s ##less . clear'.split()
PAD, UNK, CLS, SEP, MASK, HEART, LUNG, S, LESS, STOP, CLEAR = range(11)


@pytest.fixture
def tokenizer(tmp_path):
    path = tmp_path / 'vocab.txt'
    path.write_text('\n'.join(VOCAB) + '\n')
    return dict(type='HFTokenizer', name=str(path))


@pytest.fixture(scope='module')
def published(shared_dir):
    """Tokenizer of MRM and its stored examples."""
    stored = (shared_dir / 'golden/mrm/wordpiece_examples.json').read_text('utf-8')
    name = str(shared_dir / 'data/mrm/mimic_wordpiece.json')
    return dict(type='HFTokenizer', name=name), json.loads(stored)


def loop(ids, pieces, draw, mask=3, pad=0, length=100, prob=0.5):
    """The rule as MRM's read-out of it goes: token by token, over a padded row."""
    row = [*ids, *[pad] * (length - len(ids))]
    for i in range(1, length - 1):
        if row[i] == pad:
            break
        if row[i] in pieces:
            if row[i - 1] == mask:
                row[i] = mask
        elif draw() < prob:
            row[i] = mask
    return row[: len(ids)]


def test_the_stored_masks_are_reproduced(published):
    config, stored = published
    tokenizer, transform = HFTokenizer(config['name']), MaskWords(config)
    examples = [*stored['examples'], stored['truncated_example']]
    assert len(examples) == 21 and transform.is_piece.sum() == 6413
    for example in examples:
        ids = np.array(tokenizer([example['text']], max_length=100)[0])
        assert ids.tolist() == example['ids']
        random.seed(example['mask_seed'])
        draws = np.array([random.random() for _ in ids])
        fixed = np.isin(ids, [0, 2])
        fixed[99:] = True
        masked = mask_words(ids, transform.is_piece[ids], fixed, draws, 3)
        assert masked.tolist() == example['masked_ids']


def test_the_transform_draws_as_the_loop_does(published, monkeypatch):
    """Through the transform, fed with the draws of Python's generator."""
    config, stored = published
    transform = MaskWords(config)
    monkeypatch.setattr(
        np.random, 'random', lambda n: np.array([random.random() for _ in range(n)])
    )
    for example in [*stored['examples'], stored['truncated_example']]:
        random.seed(example['mask_seed'])
        results = transform(dict(input_ids=[np.array(example['ids'])]))
        assert results['input_ids'][0].tolist() == example['masked_ids']
        assert results['target_ids'][0].tolist() == example['ids']


@pytest.mark.parametrize('length', [2, 7, 13, 100])
@pytest.mark.parametrize('prob', [0.0, 0.3, 0.5, 1.0])
def test_a_loop_over_random_ids(published, length, prob):
    """Half of the tokens pieces, some of them masks and unknown words already."""
    transform = MaskWords(published[0], max_length=length, prob=prob)
    pieces = set(np.flatnonzero(transform.is_piece).tolist())
    rng = np.random.default_rng(length)
    for _ in range(100):
        ids = rng.choice([*list(pieces)[:9], 1, 3, *range(50, 57)], length)
        ids = np.concatenate([[2], ids])[: rng.integers(1, length + 1)]
        seed = int(rng.integers(1 << 30))
        np.random.seed(seed)
        found = transform.mask(ids, {})
        draws = iter(np.random.RandomState(seed).random_sample(length))
        expected = loop(ids, pieces, lambda d=draws: next(d), 3, 0, length, prob)
        assert found.tolist() == expected


def test_words_are_masked_whole_and_special_tokens_never(tokenizer):
    transform = TRANSFORMS.build(dict(type='MaskWords', tokenizer=tokenizer, prob=1.0))
    ids = np.array([CLS, HEART, S, UNK, LUNG, LESS, S, STOP, SEP])
    results = transform(dict(input_ids=[ids, ids[:1]]))
    assert results['input_ids'][0].tolist() == [CLS, *[MASK] * 7, SEP]
    assert results['input_ids'][1].tolist() == [CLS]
    assert results['target_ids'][0] is ids and ids[1] == HEART
    transform = MaskWords(tokenizer)
    np.random.seed(0)
    heart, lung, stop = 0, 0, 0
    for _ in range(3000):
        masked = transform(dict(input_ids=[ids]))['input_ids'][0] == MASK
        assert not masked[[0, 8]].any()
        assert masked[1] == masked[2] and masked[4] == masked[5] == masked[6]
        heart, lung, stop = heart + masked[1], lung + masked[4], stop + masked[7]
    assert all(1400 < count < 1600 for count in (heart, lung, stop))


@pytest.mark.parametrize(
    ('text', 'length', 'expected'),
    [
        ([CLS, HEART, S, LUNG], 4, [CLS, MASK, MASK, LUNG]),
        ([CLS, LUNG, HEART, S], 4, [CLS, MASK, MASK, S]),  # a word cut in two
        ([CLS, HEART, S, LUNG], 5, [CLS, MASK, MASK, MASK]),
        ([CLS, HEART, S, SEP], 4, [CLS, MASK, MASK, SEP]),
        ([CLS, HEART, S, SEP], 5, [CLS, MASK, MASK, SEP]),
        ([CLS, SEP], 2, [CLS, SEP]),
        ([CLS], 100, [CLS]),
    ],
)
def test_the_last_place_of_a_full_text_stays(tokenizer, text, length, expected):
    transform = MaskWords(tokenizer, max_length=length, prob=1.0)
    results = transform(dict(input_ids=[np.array(text)]))
    assert results['input_ids'][0].tolist() == expected


def test_a_trained_tokenizer_masks_what_it_cut(tmp_path):
    texts = ['No pneumothorax is seen.', 'The heart is enlarged.'] * 3
    train_wordpiece(texts, 60, tmp_path)
    config = dict(type='HFTokenizer', name=str(tmp_path))
    backend = HFTokenizer(str(tmp_path)).backend
    ids = np.array(HFTokenizer(str(tmp_path))(['Pneumothorax, heartless'])[0])
    words = backend.encode('Pneumothorax, heartless').word_ids
    transform = MaskWords(config, max_length=60)
    np.random.seed(1)
    seen = set()
    for _ in range(200):
        masked = transform(dict(input_ids=[ids]))['input_ids'][0] == 4
        by_word = {}
        for word, hit in zip(words, masked, strict=True):
            by_word.setdefault(word, set()).add(bool(hit))
        assert by_word.pop(None) == {False}  # [CLS] and [SEP]
        assert all(len(hits) == 1 for hits in by_word.values())
        seen.add(tuple(min(by_word[word]) for word in range(3)))
    assert len(seen) == 8


def test_bad_tokenizers_and_texts(tokenizer, tmp_path):
    with pytest.raises(ValueError, match='prob 2 is not within'):
        MaskWords(tokenizer, prob=2)
    transform = MaskWords(tokenizer, max_length=3)
    results = dict(input_ids=[np.arange(4)], study_id='s7', dataset='toy')
    with pytest.raises(ValueError, match="study 's7' of toy: a text of 4 ids .*_len"):
        transform(results)
    plain = tmp_path / 'plain.txt'
    plain.write_text('\n'.join(t for t in VOCAB if t != '[MASK]'))
    with pytest.raises(ValueError, match=r'plain.txt.* has no \[MASK\]'):
        MaskWords(dict(type='HFTokenizer', name=str(plain)))
    pairs = ['<s>', '<pad>', '</s>', '<unk>', '<mask>', 'n', 'o', 'no']
    (tmp_path / 'vocab.json').write_text(
        json.dumps({t: i for i, t in enumerate(pairs)})
    )
    (tmp_path / 'merges.txt').write_text('#version: 0.2\nn o\n')
    (tmp_path / 'config.json').write_text(json.dumps({'model_type': 'roberta'}))
    (tmp_path / 'vocab.txt').unlink()
    with pytest.raises(ValueError, match='is of type BPE; only WordPiece'):
        MaskWords(dict(type='HFTokenizer', name=str(tmp_path)))


def test_noise_follows_the_seed_of_the_sample():
    transform = TRANSFORMS.build(dict(type='PatchNoise', num_patches=23))

    def draw(*seed):
        with sample_seed(*seed):
            return transform({})['patch_noise']

    noise = draw(3, 1, 4)
    assert noise.shape == (23,) and noise.dtype == np.float32
    assert np.array_equal(noise, draw(3, 1, 4))
    for other in [(2, 1, 4), (3, 2, 4), (3, 1, 5)]:
        assert (noise != draw(*other)).all()
    torch.manual_seed(0)
    many = TRANSFORMS.build(dict(type='PatchNoise', num_patches=10**6))({})
    many = many['patch_noise']
    assert 0 <= many.min() < 1e-5 and 1 - 1e-5 < many.max() < 1
    assert abs(many.mean() - 0.5) < 0.002 and abs(many.var() - 1 / 12) < 0.001
    with pytest.raises(ValueError, match='at least 1, not 0'):
        TRANSFORMS.build(dict(type='PatchNoise', num_patches=0))
