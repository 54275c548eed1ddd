"""Tokenizers: text -> token ids, from a hub name, a folder or a single file.

Everything ends in one ``tokenizers.Tokenizer``, built here rather than by
transformers: there ``BertTokenizer(vocab_file=...)`` turns every word into [UNK]
from release 5 on, and a folder without ``config.json`` is refused.
"""

import json
from pathlib import Path

import numpy as np

from mmcxr.registry import TOKENIZERS

from .wordpiece import bert_wordpiece, read_vocab

# (first, last, padding, mask) token of the families in use, tried in this order.
FAMILIES = (
    ('[CLS]', '[SEP]', '[PAD]', '[MASK]'),
    ('<s>', '</s>', '<pad>', '<mask>'),
)
HUB_FILES = ['tokenizer*.json', 'vocab.*', 'merges.txt', 'config.json']


@TOKENIZERS.register_module()
class HFTokenizer:
    """Token ids with [CLS] and [SEP], truncated, not padded.

    ``pad_token_id`` and ``mask_token_id`` (None where the vocabulary has no such
    token) are ids; ``frame_ids`` are those of [CLS], [SEP] and [PAD].

    Args:
        name: hub name (``emilyalsentzer/Bio_ClinicalBERT``), local folder,
            ``vocab.txt`` or ``tokenizer.json``.
        lowercase: fold case before looking words up. None keeps what the source
            says: the normaliser of ``tokenizer.json``, else ``do_lower_case`` of
            ``tokenizer_config.json``, else BERT's default, which is to fold.
            Bio_ClinicalBERT has a cased vocabulary but no tokenizer config, so its
            users, CXR-CLIP among them, fold case; ``lowercase=False`` uses the
            vocabulary as it was trained.

    Raises:
        FileNotFoundError: nothing of that name here, in the hub's cache or on it.
        ValueError: files that make no tokenizer.
    """

    def __init__(self, name: str, lowercase: bool | None = None):
        self.name = str(name)
        self.backend = _load(self.name, lowercase)
        *frame, mask = _special_tokens(self.backend, self.name)
        self.prefix, self.suffix = _frame(self.backend, *frame[:2])
        known = [self.backend.token_to_id(token) for token in frame]
        self.pad_token_id = known[2]
        self.frame_ids = tuple(i for i in known if i is not None)
        self.mask_token_id = self.backend.token_to_id(mask)
        self.vocab_size = self.backend.get_vocab_size(with_added_tokens=True)

    def __call__(self, texts: list[str], max_length: int = 256) -> list[list[int]]:
        """Encode texts one by one.

        Args:
            texts: any number of strings.
            max_length: most ids per text, first and last token included; the end
                of the text is cut, never the last token.

        Raises:
            TypeError: a bare string where the list should be, or a non-string.
            ValueError: ``max_length`` leaves no room for text.
        """
        if isinstance(texts, str) or not all(isinstance(t, str) for t in texts):
            raise TypeError(f'a list of strings is tokenized, not {texts!r:.80}')
        room = max_length - len(self.prefix) - len(self.suffix)
        if room < 1:
            raise ValueError(f'max_length {max_length} leaves no room for text')
        # One at a time: the library's batches start threads, which forked data
        # workers may not do.
        encoded = [self.backend.encode(t, add_special_tokens=False).ids for t in texts]
        return [self.prefix + ids[:room] + self.suffix for ids in encoded]

    def is_piece(self) -> np.ndarray:
        """(V,) bool: which ids continue a word ("##" in a BERT vocabulary).

        Raises:
            ValueError: not a WordPiece tokenizer.
        """
        model = json.loads(self.backend.to_str())['model']
        mark = model.get('continuing_subword_prefix')
        if model['type'] != 'WordPiece' or not mark:
            raise ValueError(
                f'tokenizer {self.name!r} is of type {model["type"]}; only WordPiece '
                'marks the pieces that continue a word'
            )
        vocab = self.backend.get_vocab(with_added_tokens=True)
        pieces = np.zeros(max(vocab.values()) + 1, bool)
        pieces[[i for token, i in vocab.items() if token.startswith(mark)]] = True
        return pieces


def _load(name: str, lowercase: bool | None):
    path = Path(name)
    if path.is_file():
        return _from_file(path, lowercase)
    if path.is_dir():
        return _from_folder(path, name, lowercase)
    # A path by its looks: the hub is not asked about it.
    if path.is_absolute() or name.count('/') > 1 or path.suffix in ('.txt', '.json'):
        raise FileNotFoundError(f'tokenizer {name!r}: no such file or folder')
    return _from_folder(_hub_folder(name), name, lowercase)


def _from_file(path: Path, lowercase: bool | None):
    if path.suffix != '.json':
        return bert_wordpiece(read_vocab(path), lowercase is not False)
    from tokenizers import Tokenizer

    try:
        content = json.loads(path.read_text(encoding='utf-8'))
        if lowercase is not None:
            content['normalizer'] = _set_case(content.get('normalizer'), lowercase)
        tokenizer = Tokenizer.from_str(json.dumps(content))
    except Exception as error:  # the library raises bare Exception
        raise ValueError(f'{path} is no tokenizer.json: {error}') from error
    # Files may carry a fixed length; ours is given with each call.
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def _from_folder(folder: Path, name: str, lowercase: bool | None):
    for file in ('tokenizer.json', 'vocab.txt'):
        if (folder / file).is_file():
            if file == 'vocab.txt' and lowercase is None:
                lowercase = _stated_case(folder / 'tokenizer_config.json')
            return _from_file(folder / file, lowercase)
    if not (folder / 'vocab.json').is_file():
        raise FileNotFoundError(
            f'tokenizer {name!r}: no tokenizer.json, vocab.txt or vocab.json in '
            f'{folder}'
        )
    from transformers import AutoTokenizer  # byte-pair families: RoBERTa, GPT-2

    backend = AutoTokenizer.from_pretrained(folder).backend_tokenizer
    if lowercase is None:
        return backend
    content = json.loads(backend.to_str())
    content['normalizer'] = _set_case(content['normalizer'], lowercase)
    return type(backend).from_str(json.dumps(content))


def _hub_folder(name: str) -> Path:
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(name, allow_patterns=HUB_FILES))
    except Exception as error:  # network, cache and name errors share no base class
        raise FileNotFoundError(
            f'tokenizer {name!r} is no local file or folder, and the hub gave '
            f'nothing ({type(error).__name__}); give the path of a folder with its '
            'vocab.txt or tokenizer.json (tools/misc/train_tokenizer.py makes one), or '
            'download it once while online'
        ) from error


def _stated_case(config: Path) -> bool | None:
    if not config.is_file():
        return None
    return json.loads(config.read_text(encoding='utf-8')).get('do_lower_case')


def _set_case(normalizer: dict | None, lowercase: bool) -> dict | None:
    """Rewrite the ``normalizer`` entry of a ``tokenizer.json``."""
    if normalizer and normalizer['type'] == 'BertNormalizer':
        return {**normalizer, 'lowercase': lowercase}
    steps = [] if normalizer is None else [normalizer]
    if normalizer and normalizer['type'] == 'Sequence':
        steps = normalizer['normalizers']
    steps = [step for step in steps if step['type'] != 'Lowercase']
    if lowercase:
        steps = [{'type': 'Lowercase'}, *steps]
    return {'type': 'Sequence', 'normalizers': steps} if steps else None


def _special_tokens(backend, name: str) -> tuple[str, str, str, str]:
    for family in FAMILIES:
        if backend.token_to_id(family[2]) is not None:
            return family
    wanted = ' or '.join(family[2] for family in FAMILIES)
    raise ValueError(f'tokenizer {name!r} has no padding token ({wanted})')


def _frame(backend, first: str, last: str) -> tuple[list[int], list[int]]:
    """Ids put before and after a text.

    A file without a post-processor (MRM's is one, and it has no [SEP]) gets those
    of the two tokens it knows.
    """
    plain = backend.encode('no', add_special_tokens=False).ids
    framed = backend.encode('no', add_special_tokens=True).ids
    if len(framed) > len(plain):
        start = next(
            i for i in range(len(framed)) if framed[i : i + len(plain)] == plain
        )
        return framed[:start], framed[start + len(plain) :]
    known = [backend.token_to_id(token) for token in (first, last)]
    return tuple([] if token_id is None else [token_id] for token_id in known)
