import importlib.util
import json
import pickle
import random

import pytest

from mmcxr.datasets.texts.tokenizers import HFTokenizer
from mmcxr.datasets.texts.wordpiece import (
    bert_wordpiece,
    read_vocab,
    split_texts,
    train_wordpiece,
)
from mmcxr.registry import TOKENIZERS

VOCAB = (
    '[PAD] [UNK] [CLS] [SEP] [MASK] no effusion pneumo ##thorax . , heart Heart 2 5 cm'
).split()
REPORTS = [
    'No focal consolidation, pleural effusion or pneumothorax is seen.',
    'The heart is mildly enlarged. There is a small left pleural effusion.',
    'A 2.5 cm nodule projects over the right upper lobe.',
    'Bibasilar atelectasis; no pneumothorax.',
]


@pytest.fixture
def vocab_txt(tmp_path):
    path = tmp_path / 'vocab.txt'
    path.write_text('\n'.join(VOCAB) + '\n', encoding='utf-8')
    return path


def test_known_ids_from_vocab_txt_and_its_folder(vocab_txt):
    # [CLS] no pneumo ##thorax . heart 2 . 5 cm [SEP]
    expected = [2, 5, 7, 8, 9, 11, 13, 9, 14, 15, 3]
    for name in (str(vocab_txt), str(vocab_txt.parent)):
        tokenizer = HFTokenizer(name)
        assert tokenizer(['No pneumothorax. Heart 2.5 cm']) == [expected]
        assert (tokenizer.pad_token_id, tokenizer.vocab_size) == (0, len(VOCAB))


def test_lowercase_is_what_is_asked_then_the_config_then_bert(vocab_txt):
    folder = str(vocab_txt.parent)
    assert HFTokenizer(folder)(['Heart']) == [[2, 11, 3]]
    assert HFTokenizer(folder, lowercase=False)(['Heart']) == [[2, 12, 3]]
    config = vocab_txt.parent / 'tokenizer_config.json'
    config.write_text(json.dumps({'do_lower_case': False}))
    assert HFTokenizer(folder)(['Heart']) == [[2, 12, 3]]
    assert HFTokenizer(folder, lowercase=True)(['Heart']) == [[2, 11, 3]]


@pytest.mark.parametrize('lowercase', [True, False])
def test_tokenizer_json_keeps_or_changes_its_case(tmp_path, lowercase):
    path = str(tmp_path / 'tokenizer.json')
    vocab = {token: index for index, token in enumerate(VOCAB)}
    bert_wordpiece(vocab, lowercase).save(path)
    kept = 11 if lowercase else 12
    assert HFTokenizer(path)(['Heart']) == [[2, kept, 3]]
    assert HFTokenizer(path, lowercase=True)(['Heart']) == [[2, 11, 3]]
    assert HFTokenizer(path, lowercase=False)(['Heart']) == [[2, 12, 3]]


def test_same_ids_as_transformers(vocab_txt):
    from transformers import BertTokenizer

    text = 'No éffusion, PNEUMOTHORAX  heart?'
    for lowercase in (True, False):
        reference = BertTokenizer.from_pretrained(
            vocab_txt.parent, do_lower_case=lowercase
        )
        ours = HFTokenizer(str(vocab_txt), lowercase=lowercase)
        assert ours([text]) == [reference(text)['input_ids']]


def test_truncation_cuts_the_text_and_keeps_the_last_token(vocab_txt):
    tokenizer = HFTokenizer(str(vocab_txt))
    text = 'no effusion , no effusion .'
    assert tokenizer([text, 'no', ''], max_length=5) == [
        [2, 5, 6, 10, 3],
        [2, 5, 3],
        [2, 3],
    ]
    with pytest.raises(ValueError, match='leaves no room'):
        tokenizer(['no'], max_length=2)


def test_a_bare_string_is_refused(vocab_txt):
    tokenizer = HFTokenizer(str(vocab_txt))
    for texts in ('no effusion', [float('nan')], [None]):
        with pytest.raises(TypeError, match='list of strings'):
            tokenizer(texts)


def test_mrm_tokenizer_equals_the_stored_ids(shared_dir):
    tokenizer = HFTokenizer(str(shared_dir / 'data/mrm/mimic_wordpiece.json'))
    stored = shared_dir / 'golden/mrm/wordpiece_examples.json'
    stored = json.loads(stored.read_text(encoding='utf-8'))
    assert tokenizer.vocab_size == stored['vocab_size']
    assert len(stored['examples']) == 20
    for example in [*stored['examples'], stored['truncated_example']]:
        assert tokenizer([example['text']], max_length=100) == [example['ids']]
    assert tokenizer.mask_token_id == stored['special_tokens']['[MASK]']
    assert tokenizer.frame_ids == (2, 0)  # there is no [SEP]
    assert tokenizer.is_piece().sum() == 6413


def test_pieces_and_special_ids(vocab_txt):
    tokenizer = HFTokenizer(str(vocab_txt))
    assert tokenizer.frame_ids == (2, 3, 0) and tokenizer.mask_token_id == 4
    pieces = tokenizer.is_piece()
    assert pieces.nonzero()[0].tolist() == [8] and len(pieces) == len(VOCAB)
    vocab_txt.write_text('\n'.join(token for token in VOCAB if token != '[MASK]'))
    assert HFTokenizer(str(vocab_txt)).mask_token_id is None


def test_a_byte_pair_folder_goes_through_transformers(tmp_path):
    vocab = ['<s>', '<pad>', '</s>', '<unk>', 'n', 'o', 'no', 'N', 'O', 'NO']
    (tmp_path / 'vocab.json').write_text(
        json.dumps({token: index for index, token in enumerate(vocab)})
    )
    (tmp_path / 'merges.txt').write_text('#version: 0.2\nn o\nN O\n')
    (tmp_path / 'config.json').write_text(json.dumps({'model_type': 'roberta'}))
    assert HFTokenizer(str(tmp_path))(['NO']) == [[0, 9, 2]]
    folded = HFTokenizer(str(tmp_path), lowercase=True)
    assert folded(['NO']) == [[0, 6, 2]]
    assert folded.pad_token_id == 1 and folded.mask_token_id is not None
    with pytest.raises(ValueError, match='is of type BPE; only WordPiece marks'):
        folded.is_piece()


def test_a_hub_name_comes_from_the_cache(vocab_txt, tmp_path, monkeypatch):
    folder = tmp_path / 'hub' / 'models--some--bert'
    (folder / 'refs').mkdir(parents=True)
    (folder / 'refs' / 'main').write_text('0' * 40)
    (folder / 'snapshots' / ('0' * 40)).mkdir(parents=True)
    vocab_txt.rename(folder / 'snapshots' / ('0' * 40) / 'vocab.txt')
    monkeypatch.setattr('huggingface_hub.constants.HF_HUB_CACHE', tmp_path / 'hub')
    assert HFTokenizer('some/bert')(['Heart']) == [[2, 11, 3]]
    assert HFTokenizer('some/bert', lowercase=False)(['Heart']) == [[2, 12, 3]]


def test_an_unreachable_name_is_one_clear_error(tmp_path):
    with pytest.raises(FileNotFoundError, match='hub gave nothing.*vocab.txt'):
        HFTokenizer('nobody/no-such-tokenizer')
    with pytest.raises(FileNotFoundError, match='no such file'):
        HFTokenizer(str(tmp_path / 'missing' / 'vocab.txt'))
    with pytest.raises(FileNotFoundError, match=r'no tokenizer\.json, vocab'):
        HFTokenizer(str(tmp_path))


def test_broken_files_are_named(tmp_path):
    (tmp_path / 'tokenizer.json').write_text('{"model": 3}')
    with pytest.raises(ValueError, match=r'tokenizer\.json is no tokenizer'):
        HFTokenizer(str(tmp_path))
    vocab = tmp_path / 'vocab.txt'
    vocab.write_text('[PAD]\nheart\nheart\n')
    with pytest.raises(ValueError, match="'heart' stands on lines 2 and 3"):
        HFTokenizer(str(vocab))
    vocab.write_text('heart\nlung\n')
    with pytest.raises(ValueError, match=r'has no \[UNK\], \[CLS\], \[SEP\]'):
        HFTokenizer(str(vocab))


def test_trained_wordpiece_is_the_same_every_time(tmp_path):
    texts = REPORTS * 3
    for run in range(3):
        random.Random(run).shuffle(texts)
        train_wordpiece(texts, 130, tmp_path / str(run), min_frequency=1)
    for file in ('tokenizer.json', 'vocab.txt'):
        assert len({(tmp_path / str(r) / file).read_bytes() for r in range(3)}) == 1


def test_trained_wordpiece_knows_its_texts(tmp_path):
    trained = train_wordpiece(REPORTS * 3, 200, tmp_path)
    by_json = HFTokenizer(str(tmp_path / 'tokenizer.json'))
    by_vocab = HFTokenizer(str(tmp_path / 'vocab.txt'))
    ids = by_json(REPORTS)
    assert ids == by_vocab(REPORTS) == HFTokenizer(str(tmp_path))(REPORTS)
    assert by_json.vocab_size <= 200
    assert by_json.pad_token_id == 0
    unknown = trained.token_to_id('[UNK]')
    assert not any(unknown in row for row in ids)
    assert trained.decode(ids[3]) == 'bibasilar atelectasis ; no pneumothorax.'
    # Letters are plain tokens again: a word holding one is not cut at it.
    frequent = trained.token_to_id('pneumothorax')
    assert frequent is not None and frequent in ids[0]
    assert read_vocab(tmp_path / 'vocab.txt') == trained.get_vocab()


def test_training_refuses_what_cannot_work(tmp_path):
    with pytest.raises(ValueError, match='no text'):
        train_wordpiece(['', '  '], 100, tmp_path)
    with pytest.raises(ValueError, match='vocab_size 20 is too small'):
        train_wordpiece(REPORTS, 20, tmp_path)


def test_it_is_built_by_name_and_travels_to_workers(vocab_txt):
    tokenizer = TOKENIZERS.build(dict(type='HFTokenizer', name=str(vocab_txt)))
    copied = pickle.loads(pickle.dumps(tokenizer))
    assert copied(['no effusion']) == tokenizer(['no effusion']) == [[2, 5, 6, 3]]


def test_the_tool_reads_the_train_split(tmp_path, repo_dir, capsys):
    rows = [
        ('a.png', 'p1', 's1', 'No effusion.', 'Normal.', 'train'),
        ('b.png', 'p1', 's1', 'No effusion.', 'Normal.', 'train'),
        ('c.png', 'p1', 's2', '', 'No effusion.', 'train'),
        ('d.png', 'p2', 's3', 'Zzz qqq.', '', 'test'),
    ]
    table = ['image,patient_id,study_id,findings,impression']
    table += [','.join(row[:5]) for row in rows]
    (tmp_path / 'table.csv').write_text('\n'.join(table) + '\n')
    (tmp_path / 'splits').mkdir()
    split = ['image,split', *(f'{row[0]},{row[5]}' for row in rows)]
    (tmp_path / 'splits/own.csv').write_text('\n'.join(split) + '\n')
    assert split_texts(tmp_path, 'own') == ['No effusion.', 'Normal.', 'No effusion.']
    whole = [
        f'{row},{text}'
        for row, text in zip(table, ['report', 'x', 'x', '', 'y'], strict=True)
    ]
    (tmp_path / 'table.csv').write_text('\n'.join(whole) + '\n')
    assert split_texts(tmp_path, 'own') == ['x', 'No effusion.']
    (tmp_path / 'table.csv').write_text('\n'.join(table) + '\n')

    path = repo_dir / 'tools/misc/train_tokenizer.py'
    spec = importlib.util.spec_from_file_location('train_tokenizer', path)
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    options = ['--vocab-size', '90', '--out', str(tmp_path / 'tok'), '--scheme', 'own']
    tool.main([str(tmp_path), *options])
    assert 'from 3 texts' in capsys.readouterr().out
    tokenizer = HFTokenizer(str(tmp_path / 'tok'))
    ids, other = tokenizer(['No effusion.', 'zzz'])
    unknown = tokenizer.backend.token_to_id('[UNK]')
    assert unknown not in ids and unknown in other
