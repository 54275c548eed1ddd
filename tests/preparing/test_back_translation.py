import importlib.util
import json
import subprocess
import sys
from dataclasses import replace

import pandas as pd
import pytest

from mmcxr.datasets.tables.table_file import TableError
from mmcxr.preparing import back_translation
from mmcxr.preparing.back_translation import BackTranslation, back_translate_table
from mmcxr.preparing.translation import MarianTranslator

spm = pytest.importorskip('sentencepiece')

SENTENCES = [
    'No pleural effusion is seen.',
    'The heart is mildly enlarged.',
    'There is a small nodule of 2.5 cm in the left lung.',
    'Bibasilar atelectasis without pneumothorax.',
    'No acute process.',
]


@pytest.fixture(scope='session')
def marian(tmp_path_factory):
    """Folder of a random MarianMT model: 1 layer of width 16, 24 positions."""
    from mmcxr.torchvision_schema import ensure_torchvision

    ensure_torchvision()
    import torch
    from transformers import MarianConfig, MarianMTModel

    folder = tmp_path_factory.mktemp('marian')
    source = folder / 'source.spm'
    with source.open('wb') as file:
        spm.SentencePieceTrainer.train(
            sentence_iterator=iter(SENTENCES * 4),
            model_writer=file,
            vocab_size=60,
            hard_vocab_limit=False,
            minloglevel=2,
        )
    (folder / 'target.spm').write_bytes(source.read_bytes())
    model = spm.SentencePieceProcessor(model_file=str(source))
    pieces = [model.id_to_piece(i) for i in range(model.get_piece_size())]
    pieces = ['</s>', '<unk>'] + [p for p in pieces if p[0] != '<'] + ['<pad>']
    (folder / 'vocab.json').write_text(json.dumps({p: i for i, p in enumerate(pieces)}))
    pad = len(pieces) - 1
    torch.manual_seed(0)
    config = MarianConfig(
        vocab_size=len(pieces),
        d_model=16,
        encoder_layers=1,
        decoder_layers=1,
        encoder_ffn_dim=32,
        decoder_ffn_dim=32,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        max_position_embeddings=24,
        pad_token_id=pad,
        eos_token_id=0,
        forced_eos_token_id=0,
        decoder_start_token_id=pad,
        init_std=1.0,
    )
    network = MarianMTModel(config)
    network.generation_config.bad_words_ids = [[pad]]
    network.save_pretrained(folder)
    # With the two .spm files and vocab.json, the layout of the hub's folders.
    (folder / 'tokenizer_config.json').write_text('{"model_max_length": 512}')
    return str(folder)


@pytest.fixture
def settings(marian):
    return BackTranslation(marian, marian, (1.5, 0.9), num_beams=2, batch_size=2)


@pytest.fixture
def data(tmp_path):
    table = pd.DataFrame(
        dict(
            image=[f'{i}.png' for i in range(5)],
            patient_id=['007'] * 5,
            study_id=list('aabcd'),
            findings=[SENTENCES[0], SENTENCES[0], '', SENTENCES[2], '  '],
            impression=[SENTENCES[4], SENTENCES[4], SENTENCES[1], '', SENTENCES[3]],
            Edema=['1', '', '-1', '0', '1'],
        )
    )
    table.to_csv(tmp_path / 'table.csv', index=False)
    return tmp_path


def read(path):
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def test_the_table_gets_two_columns_and_keeps_the_rest(data, settings):
    before = (data / 'table.csv').read_bytes()
    seen = []
    out = back_translate_table(
        data, settings, progress=lambda done, total: seen.append((done, total))
    )
    assert out == data / 'table_augmented.csv'
    assert sorted(p.name for p in data.iterdir()) == ['table.csv', out.name]
    assert (data / 'table.csv').read_bytes() == before
    table, copy = read(data / 'table.csv'), read(out)
    assert list(copy) == [*table, 'findings_augmented', 'impression_augmented']
    pd.testing.assert_frame_equal(copy[list(table)], table)
    for name in ('findings', 'impression'):
        blank = table[name].str.strip() == ''
        assert ((copy[f'{name}_augmented'] == '') == blank).all()
    # Films of one study, and equal texts at all, share their translation.
    assert copy['findings_augmented'][0] == copy['findings_augmented'][1]
    assert seen == [(0, 5), (2, 5), (4, 5), (5, 5)]


def test_a_killed_run_goes_on_to_the_same_table(data, settings, monkeypatch):
    whole = back_translate_table(data, settings, data / 'whole.csv').read_bytes()
    once = back_translation._translate_batch
    starts = []

    def killed_after_two(texts, translators, seed, start):
        starts.append(start)
        if start == 4:
            raise KeyboardInterrupt
        return once(texts, translators, seed, start)

    monkeypatch.setattr(back_translation, '_translate_batch', killed_after_two)
    with pytest.raises(KeyboardInterrupt):
        back_translate_table(data, settings)
    assert starts == [0, 2, 4]
    journal = data / 'table_augmented.csv.partial'
    # The kill came in the middle of a line of the journal.
    journal.write_bytes(journal.read_bytes()[:-5])
    assert not (data / 'table_augmented.csv').exists()

    def counted(texts, translators, seed, start):
        starts.append(start)
        return once(texts, translators, seed, start)

    starts.clear()
    monkeypatch.setattr(back_translation, '_translate_batch', counted)
    assert back_translate_table(data, settings).read_bytes() == whole
    assert starts == [2, 4]
    assert not journal.exists()


def test_the_seed_decides(data, settings):
    first = back_translate_table(data, settings, data / 'a.csv').read_bytes()
    again = back_translate_table(data, settings, data / 'b.csv').read_bytes()
    other = replace(settings, seed=43)
    assert first == again
    assert first != back_translate_table(data, other, data / 'c.csv').read_bytes()


def test_a_journal_of_other_settings_is_refused(data, settings):
    journal = data / 'table_augmented.csv.partial'
    journal.write_text(json.dumps(dict(key='other')) + '\n')
    with pytest.raises(ValueError, match='partial was begun with other settings'):
        back_translate_table(data, settings)


def test_long_texts_are_split_and_nothing_is_lost(marian):
    translator = MarianTranslator(marian, num_beams=1, batch_size=3)
    assert translator.limit == 24
    long = ' '.join(SENTENCES) + ' ' + 'enlarged heart and ' * 9
    for text in (long, SENTENCES[4], 'pneumothorax' * 3):
        pieces = translator.split(text)
        assert ' '.join(pieces) == ' '.join(text.split())
        for piece in pieces:
            fits = len(translator.tokenizer(piece)['input_ids']) <= translator.limit
            assert fits or ' ' not in piece
    assert len(translator.split(long)) > 4
    done = translator([long, ' ', SENTENCES[0]])
    assert done[1] == '' and done[0] and done[2]


def test_a_table_without_text_is_refused(data, settings):
    table = read(data / 'table.csv').drop(columns='findings')
    table['impression'] = ''
    table.to_csv(data / 'table.csv', index=False)
    with pytest.raises(TableError, match='no text in findings or impression'):
        back_translate_table(data, settings)


def test_a_missing_model_is_one_clear_error(tmp_path):
    for name in ('nobody/no-such-model', str(tmp_path)):
        with pytest.raises(FileNotFoundError, match='translation model .*hub'):
            MarianTranslator(name)
    with pytest.raises(ValueError, match='temperature'):
        MarianTranslator('any', temperature=0.0)


def load_tool(repo_dir, name):
    path = repo_dir / 'tools' / 'misc' / f'{name}.py'
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_tool_replaces_the_table_in_place(data, marian, repo_dir, capsys):
    tool = load_tool(repo_dir, 'back_translate')
    options = ['--forward', marian, '--backward', marian, '--temperature', '1.5', '1']
    options += ['--num-beams', '1', '--batch-size', '3', '--device', 'cpu']
    tool.main([str(data), *options, '--in-place'])
    assert 'wrote' in capsys.readouterr().out
    assert [p.name for p in data.iterdir()] == ['table.csv']
    assert 'impression_augmented' in read(data / 'table.csv')
    args = tool.parse_args([str(data), '--lang', 'de'])
    assert (args.temperature, args.num_beams, args.batch_size) == ([1.5], 5, 128)
    with pytest.raises(SystemExit):
        tool.parse_args([str(data), '--temperature', '1', '2', '3'])


@pytest.mark.slow
def test_the_tool_says_what_is_wrong_in_one_line(tmp_path, repo_dir):
    tool = repo_dir / 'tools' / 'misc' / 'back_translate.py'
    done = subprocess.run(
        [sys.executable, tool, tmp_path / 'gone'], capture_output=True, text=True
    )
    assert done.returncode == 2 and 'no such folder' in done.stderr
    assert 'Traceback' not in done.stderr
