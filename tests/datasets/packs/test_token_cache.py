"""Reports tokenised once, in a file that processes share."""

import json
import pickle

import numpy as np
import pytest
import torch
from mmengine.runner import Runner
from token_building import built_at_once

from mmcxr.datasets.image_text import ImageTextDataset
from mmcxr.datasets.packs import token_cache
from mmcxr.datasets.packs.token_cache import CachedTokenizer, TokenStore
from mmcxr.datasets.texts.laterality import swap_sides
from mmcxr.datasets.texts.tokenizers import HFTokenizer
from mmcxr.datasets.texts.wordpiece import train_wordpiece

TEXTS = ['No effusion on the left.', 'Clear.', 'No effusion on the left.', '']
TEXTS += ['The heart is large. ' * 40]


@pytest.fixture
def tokenizer(tmp_path):
    """Config of a small tokenizer."""
    words = [*TEXTS, 'right right', *(f'Film {n}.' for n in range(24))]
    train_wordpiece(words, 150, tmp_path / 'tokenizer', min_frequency=1)
    return dict(type='HFTokenizer', name=str(tmp_path / 'tokenizer'))


@pytest.fixture
def counted(monkeypatch):
    """List that grows by each text tokenised."""
    texts, call = [], HFTokenizer.__call__

    def count(self, batch, max_length=256):
        texts.extend(batch)
        return call(self, batch, max_length)

    monkeypatch.setattr(HFTokenizer, '__call__', count)
    return texts


@pytest.fixture
def messages(monkeypatch):
    """What is logged."""
    lines = []
    monkeypatch.setattr(
        token_cache, 'print_log', lambda message, *_: lines.append(message)
    )
    return lines


def files(folder):
    return sorted(path for path in folder.rglob('*') if path.is_file())


def test_the_ids_are_those_of_the_tokenizer(tokenizer, tmp_path):
    cache = CachedTokenizer(tokenizer, max_length=50)
    store, numbers = cache(TEXTS, tmp_path)
    expected = HFTokenizer(tokenizer['name'])(TEXTS, max_length=50)
    found = [store[number['input_ids']] for number in numbers]
    assert [ids.tolist() for ids in found] == expected
    assert all(ids.dtype == np.int64 for ids in found)
    assert len(expected[4]) == 50 and len(expected[3]) == 2  # [CLS] [SEP]
    # Compact, read-only, and a sample owns its copy.
    assert len(store) == 4 and store.ids.dtype == np.uint16
    assert isinstance(store.ids.base, np.memmap) and not store.ids.flags.writeable
    found[0][:] = 0
    assert store[numbers[0]['input_ids']].tolist() == expected[0]


def test_mirrored_texts_share_what_names_no_side(tokenizer, tmp_path):
    store, numbers = CachedTokenizer(tokenizer, mirrored=True)(TEXTS, tmp_path)
    assert len(store) == 5  # four texts, and one with sides
    encode = HFTokenizer(tokenizer['name'])
    for text, number in zip(TEXTS, numbers, strict=True):
        ids = encode([text, swap_sides(text)], max_length=100)
        for key, expected in zip(('input_ids', 'mirrored_ids'), ids, strict=True):
            assert store[number[key]].tolist() == expected
        assert (number['input_ids'] == number['mirrored_ids']) == ('left' not in text)


def test_tokenised_once(tokenizer, tmp_path, counted, messages):
    first, numbers = CachedTokenizer(tokenizer)(TEXTS, tmp_path)
    assert sorted(counted) == sorted(set(TEXTS)) and len(messages) == 1
    assert 'tokenising 4 texts, this once' in messages[0]
    second, again = CachedTokenizer(tokenizer)(TEXTS, tmp_path)
    assert len(counted) == 4 and again == numbers and len(messages) == 1
    assert all(np.array_equal(first[i], second[i]) for i in range(4))


def test_whatever_the_ids_follow_from_is_in_the_name(tokenizer, tmp_path, counted):
    def made(texts=TEXTS, **options):
        CachedTokenizer(**{'tokenizer': tokenizer, **options})(texts, tmp_path)
        return len(files(tmp_path / 'tokens'))

    assert made() == made() == 1
    assert made(max_length=99) == 2
    assert made([*TEXTS, 'x']) == 3
    assert made(TEXTS[1:]) == 4
    # One text more, the same letters in all.
    assert made(['No effusion on the left.Clear.', *TEXTS[3:]]) == 5
    assert made(TEXTS[::-1]) == 6
    assert made(mirrored=True) == 7
    assert made(tokenizer=dict(tokenizer, lowercase=False)) == 8
    path = tmp_path / 'tokenizer' / 'tokenizer.json'
    content = json.loads(path.read_text())
    vocab = content['model']['vocab']
    a, b = 'heart', 'clear'
    vocab[a], vocab[b] = vocab[b], vocab[a]
    path.write_text(json.dumps(content))
    before = len(counted)
    assert made() == 9 and len(counted) == before + 4


def test_a_folder_that_cannot_be_written(tokenizer, tmp_path, messages, counted):
    (tmp_path / 'tokens').write_text('in the way')
    store, numbers = CachedTokenizer(tokenizer)(TEXTS, tmp_path)
    assert store.path is None and store[numbers[1]['input_ids']][0] == 2
    assert sum('cannot be written' in line for line in messages) == 1
    assert (tmp_path / 'tokens').read_text() == 'in the way'
    copy = pickle.loads(pickle.dumps(store))
    assert all(np.array_equal(copy[i], store[i]) for i in range(4))
    own = tmp_path / 'own'
    store, _ = CachedTokenizer(tokenizer, folder=str(own))(TEXTS, tmp_path)
    assert files(own) == [store.path] and len(counted) == 8


def test_a_damaged_file_is_made_again(tokenizer, tmp_path, messages):
    store, numbers = CachedTokenizer(tokenizer)(TEXTS, tmp_path)
    whole = store.path.read_bytes()
    ids = store[numbers[1]['input_ids']].tolist()
    for damage in (whole[:-4], whole[:150], b'', b'PK\x03\x04', pickle.dumps([1])):
        store.path.write_bytes(damage)
        messages.clear()
        again, _ = CachedTokenizer(tokenizer)(TEXTS, tmp_path)
        assert 'cannot be read' in messages[0] and len(messages) == 2
        assert again.path.read_bytes() == whole
        assert again[numbers[1]['input_ids']].tolist() == ids


def test_it_travels_as_a_path(tokenizer, tmp_path):
    store, _ = CachedTokenizer(tokenizer)(TEXTS * 50, tmp_path)
    pickled = pickle.dumps(store)
    assert len(pickled) < 500
    assert np.array_equal(pickle.loads(pickled).ids, store.ids)


def test_many_words_take_wider_numbers(tmp_path):
    keys = np.array([5, 9], np.uint64)
    store = TokenStore(keys, np.array([1, 3]), np.array([2, 70000, 3], np.int32))
    store.save(tmp_path / 'x.npy')
    assert TokenStore.open(tmp_path / 'x.npy')[1].tolist() == [70000, 3]
    with pytest.raises(ValueError, match='do not fit together'):
        TokenStore(keys, np.array([1, 4]), np.array([2, 3, 3]))
    with pytest.raises(ValueError, match='do not fit together'):
        TokenStore(keys[:1], np.array([1, 3]), np.array([2, 3, 3]))


def test_ranks_that_build_at_once(tokenizer, tmp_path):
    found = built_at_once(3, tokenizer, TEXTS, tmp_path)
    assert found[0] == found[1] == found[2]
    assert len(files(tmp_path / 'tokens')) == 1  # and no part of one


def test_a_dataset_hands_out_ids(make_dataset, tokenizer, counted):
    reports = ['', TEXTS[0], TEXTS[0], '', TEXTS[1], '']
    root = make_dataset(reports=reports)
    cache = dict(type='CachedTokenizer', tokenizer=tokenizer, max_length=9)
    for level, number in (('image', 4), ('study', 3)):
        cached = ImageTextDataset(root, texts='whole', level=level, tokenizer=cache)
        plain = ImageTextDataset(root, texts='whole', level=level)
        assert len(cached) == len(plain) == number
        for index in range(number):
            info, other = cached.get_data_info(index), plain.get_data_info(index)
            (text,) = other.pop('texts')
            (ids,) = info.pop('input_ids')
            expected = HFTokenizer(tokenizer['name'])([text], max_length=9)
            assert ids.tolist() == expected[0]
            assert repr(info) == repr(other)
    assert len(files(root / 'tokens')) == 1
    with pytest.raises(ValueError, match="texts is 'whole', not 'auto'"):
        ImageTextDataset(root, tokenizer=cache)
    with pytest.raises(TypeError, match='is a CachedTokenizer, around another, not HF'):
        ImageTextDataset(root, texts='whole', tokenizer=tokenizer)


@pytest.mark.parametrize('workers', [0, 2])
def test_workers_share_it(many_films, tokenizer, workers):
    cache = dict(type='CachedTokenizer', tokenizer=tokenizer)
    dataset = dict(
        type='mmcxr.ImageTextDataset',
        data_root=str(many_films),
        texts='whole',
        level='image',
        tokenizer=cache,
        pipeline=[dict(type='LoadFilm'), dict(type='PackStudy')],
    )
    loader = Runner.build_dataloader(
        dict(
            batch_size=4,
            num_workers=workers,
            sampler=dict(type='mmcxr.EpochSampler', shuffle=False),
            collate_fn=dict(type='mmcxr.collate_studies'),
            dataset=dataset,
        ),
        seed=0,
    )
    batches = [batch['inputs']['input_ids'][:, 0] for batch in loader]
    expected = HFTokenizer(tokenizer['name'])([f'Film {i}.' for i in range(24)])
    found = [row[row != 0].tolist() for batch in batches for row in batch]
    assert found == expected
    assert all(batch.dtype == torch.int64 for batch in batches)
