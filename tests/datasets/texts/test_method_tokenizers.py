"""Tokenizers of CheXzero and GLoRIA."""

import json

import pytest

from mmcxr.datasets.texts.clip_tokenizer import CLIPTokenizer
from mmcxr.datasets.texts.gloria_tokenizer import plain_words
from mmcxr.registry import TOKENIZERS


@pytest.fixture(scope='module')
def clip():
    return CLIPTokenizer()


def test_known_ids_of_clip(clip):
    assert clip.vocab_size == 49408 and clip.pad_token_id == 0
    assert clip(['A photo of a cat']) == [[49406, 320, 1125, 539, 320, 2368, 49407]]
    assert clip(['no  EDEMA\n'], 5) == [[49406, 871, 29632, 1226, 49407]]
    assert clip(['']) == [[49406, 49407]]


def test_long_texts_keep_their_end(clip):
    ids = clip(['word ' * 200])[0]
    assert len(ids) == 77 and ids[-1] == 49407
    assert len(clip(['word ' * 200], 256)[0]) == 77
    assert clip(['a b c d'], 4)[0] == [49406, *clip(['a b'])[0][1:-1], 49407]


def test_published_examples(clip, shared_dir):
    content = json.loads(
        (shared_dir / 'golden/cxrlearn/chexzero/manifest.json').read_text()
    )['inputs']
    assert clip(content['reports']) == content['report_token_ids']
    assert clip(content['labels']) == content['positive_token_ids']


def test_bad_calls(clip, tmp_path):
    with pytest.raises(TypeError, match='a list of strings'):
        clip('no edema')
    with pytest.raises(ValueError, match='leaves no room'):
        clip(['no edema'], 2)
    with pytest.raises(FileNotFoundError, match='no such file'):
        CLIPTokenizer(str(tmp_path / 'none.txt.gz'))


@pytest.mark.parametrize(
    ('text', 'expected'),
    [
        ('No acute process.', 'no acute process'),
        ('1. No change. 2. Small effusion, left.', 'no change small effusion left'),
        ('Stable. Heart is large.', 'heart is large'),  # one word is no sentence
        ('Pneumonia', 'pneumonia'),  # but better than none
        ('2.5 cm nodule', '5 cm nodule'),
        ('naïve é x-ray\nfilm', 'nave x ray film'),
        ('', ''),
    ],
)
def test_words_of_gloria(text, expected):
    assert plain_words(text) == expected


def test_gloria_tokenizer(tmp_path):
    words = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', 'no', 'edema', '##s']
    (tmp_path / 'vocab.txt').write_text('\n'.join(words))
    config = dict(type='GLoRIATokenizer', name=str(tmp_path / 'vocab.txt'))
    tokenizer = TOKENIZERS.build(config)
    assert tokenizer(['No, EDEMAS!']) == [[2, 5, 6, 7, 3]]
    assert len(tokenizer(['no edema ' * 99])[0]) == 97
    assert tokenizer.is_piece().tolist() == [False] * 7 + [True]
    with pytest.raises(TypeError, match='a list of strings'):
        tokenizer('no edema')
