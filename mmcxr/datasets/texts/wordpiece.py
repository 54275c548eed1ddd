"""BERT's WordPiece: a tokenizer from a vocabulary, and a vocabulary from reports.

Built with the ``tokenizers`` library and without transformers, none of whose releases
can then change what a published vocabulary means.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

from mmcxr.datasets.tables.splits import read_split
from mmcxr.datasets.tables.table import SECTIONS, find_table, read_table
from mmcxr.datasets.tables.table_file import TableError

SPECIAL_TOKENS = ('[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]')


def bert_wordpiece(vocab: Mapping[str, int], lowercase: bool = True):
    """Build BERT's fast tokenizer around a vocabulary.

    Args:
        vocab: token -> id; must hold [UNK], [CLS] and [SEP].
        lowercase: lower-case and strip accents first, as ``bert-*-uncased`` does.

    Returns:
        ``tokenizers.Tokenizer``, whose ids equal those of transformers'
        ``BertTokenizer`` on the same vocabulary.

    Raises:
        ValueError: a special token is missing.
    """
    from tokenizers import (
        Tokenizer,
        decoders,
        models,
        normalizers,
        pre_tokenizers,
        processors,
    )

    missing = [token for token in SPECIAL_TOKENS[1:4] if token not in vocab]
    if missing:
        raise ValueError(
            f'the vocabulary of {len(vocab)} tokens has no {", ".join(missing)}; '
            'is it a BERT vocab.txt, one token a line?'
        )
    tokenizer = Tokenizer(
        models.WordPiece(dict(vocab), unk_token='[UNK]', max_input_chars_per_word=100)
    )
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece(prefix='##')
    tokenizer.post_processor = processors.TemplateProcessing(
        single='[CLS] $A [SEP]',
        special_tokens=[(token, vocab[token]) for token in ('[CLS]', '[SEP]')],
    )
    tokenizer.add_special_tokens([t for t in SPECIAL_TOKENS if t in vocab])
    return tokenizer


def read_vocab(path: str | Path) -> dict[str, int]:
    """Read a ``vocab.txt``: the line number (from 0) is the id.

    Raises:
        ValueError: a token stands twice, which would shift or hide ids.
    """
    vocab = {}
    text = Path(path).read_text(encoding='utf-8')
    for index, token in enumerate(text.removesuffix('\n').split('\n')):
        token = token.removesuffix('\r')
        if token in vocab:
            raise ValueError(
                f'{path}: token {token!r} stands on lines {vocab[token] + 1} '
                f'and {index + 1}'
            )
        vocab[token] = index
    return vocab


def train_wordpiece(
    texts: Iterable[str],
    vocab_size: int,
    out: str | Path,
    lowercase: bool = True,
    min_frequency: int = 2,
):
    """Learn a WordPiece vocabulary from reports; the same texts give the same ids.

    The library's trainer numbers the letters in the order of a hash map, and its
    merges break ties by those numbers, so two runs differ. Here all letters are
    handed to it in sorted order first.

    Args:
        texts: reports or sentences.
        vocab_size: most tokens to learn, special tokens and letters included;
            few texts yield fewer.
        out: folder for ``tokenizer.json`` and ``vocab.txt``, made if missing.
        lowercase: fold case, stored in ``tokenizer.json``.
        min_frequency: how often a merged pair must occur.

    Returns:
        The trained ``tokenizers.Tokenizer``.

    Raises:
        ValueError: no text, or a vocabulary smaller than the letters need.
    """
    from tokenizers import trainers

    texts = list(texts)
    learner = bert_wordpiece({t: i for i, t in enumerate(SPECIAL_TOKENS)}, lowercase)
    letters = _letters(texts, learner)
    if not letters:
        raise ValueError('there is no text to train a tokenizer on')
    start = [*SPECIAL_TOKENS, *letters, *(f'##{letter}' for letter in letters)]
    if vocab_size < len(start):
        raise ValueError(
            f'vocab_size {vocab_size} is too small: special tokens and the '
            f'{len(letters)} letters of the texts take {len(start)}'
        )
    trainer = trainers.WordPieceTrainer(
        vocab_size=vocab_size,
        min_frequency=min_frequency,
        special_tokens=start,
        show_progress=False,
    )
    learner.train_from_iterator(texts, trainer, length=len(texts))
    # The letters went in as "special" tokens, which would match inside words of
    # any text; a fresh tokenizer keeps their ids and drops that role.
    tokenizer = bert_wordpiece(learner.get_vocab(), lowercase)
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(out / 'tokenizer.json'))
    vocab = tokenizer.get_vocab()
    lines = sorted(vocab, key=vocab.get)
    (out / 'vocab.txt').write_text('\n'.join(lines) + '\n', encoding='utf-8')
    return tokenizer


def _letters(texts: list[str], tokenizer) -> list[str]:
    """Sorted characters of the words as the tokenizer sees them."""
    letters = set()
    for text in texts:
        normal = tokenizer.normalizer.normalize_str(text)
        for word, _ in tokenizer.pre_tokenizer.pre_tokenize_str(normal):
            letters.update(word)
    return sorted(letters)


def split_texts(
    root: str | Path, scheme: str = 'clean', split: str = 'train'
) -> list[str]:
    """Texts of one split of a dataset, to train a tokenizer on.

    Args:
        root: folder of the dataset.
        scheme: name of the split scheme.
        split: name of the split.

    Returns:
        Whole reports, then findings and impressions of studies without, once for
        each study.

    Raises:
        TableError: no such table, scheme or split, or no text in it.
    """
    table = read_table(root)
    table = table.iloc[read_split(root, scheme, table).of(split)]
    studies = table.drop_duplicates(['study_id', 'report', *SECTIONS])
    texts = [text for text in studies['report'] if text.strip()]
    studies = studies[studies['report'].str.strip() == '']
    texts += [text for name in SECTIONS for text in studies[name] if text.strip()]
    if not texts:
        raise TableError(
            f'{find_table(root)}: the {split} split of {scheme!r} has no report, '
            'findings or impression'
        )
    return texts
