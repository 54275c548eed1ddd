"""From the sections of a study's report to texts and token ids.

T texts a study.
"""

import random
from itertools import cycle, islice

import numpy as np
from mmcv.transforms import BaseTransform

from mmcxr.datasets.texts.sentences import split_sentences
from mmcxr.registry import TOKENIZERS, TRANSFORMS

_MODES = ('train', 'first')
_RULES = ('longer', 'findings', 'impression', 'both', 'alphabetical')


@TRANSFORMS.register_module()
class ChooseTexts(BaseTransform):
    """Choose T texts of a study as CXR-CLIP does (arXiv 2310.13292).

    With two sections or more each text is a section drawn with replacement, its
    back-translation instead with chance ``augment_prob``. With one section the
    texts are the original and its back-translation in random order (the original
    twice without one). Then the sentences of each text are shuffled. A study
    without sections gets prompt reports from its labels (:class:`PromptReport`).

    Required keys: ``sections`` {name: text}, ``sections_augmented`` (same names or
    empty), ``labels``. Added key: ``texts``, list of T strings.

    Args:
        num_texts: T; the paper has 2.
        mode: 'train' draws; 'first' takes the sections in order (findings,
            impression, the last one again if they are fewer than T), unchanged.
        shuffle_sentences: shuffle sentences in mode 'train'.
        augment_prob: chance of the back-translation; 0 turns it off for studies
            of one section too.
        released: what CXR-CLIP's released code does: its shuffling has no effect,
            and it draws in validation as in training, so 'first' draws too.
        prompt_report: further arguments of :class:`PromptReport`.

    Raises:
        TypeError: from :meth:`transform`: a section that is not text.
        ValueError: from :meth:`transform`: neither a section nor a label.
    """

    def __init__(
        self,
        num_texts: int = 2,
        mode: str = 'train',
        shuffle_sentences: bool = True,
        augment_prob: float = 0.5,
        released: bool = False,
        prompt_report: dict | None = None,
    ):
        check_mode(mode, num_texts)
        self.num_texts = num_texts
        self.draws = mode == 'train' or released
        self.shuffle_sentences = shuffle_sentences and self.draws and not released
        self.augment_prob = augment_prob
        self.prompt_report = TRANSFORMS.build(
            dict(
                type='PromptReport',
                num_texts=num_texts,
                mode=mode,
                released=released,
                **(prompt_report or {}),
            )
        )

    def transform(self, results: dict) -> dict:
        """Add ``texts``."""
        sections = sections_of(results)
        if not sections:
            if not results.get('labels'):
                raise ValueError(f'{study_name(results)} has neither text nor labels')
            return self.prompt_report(results)
        if not self.draws:
            texts = list(sections.values())
            texts += texts[-1:] * self.num_texts
            results['texts'] = texts[: self.num_texts]
            return results
        texts = self._draw(sections, sections_of(results, 'sections_augmented'))
        if self.shuffle_sentences:
            texts = [shuffle_sentences(text) for text in texts]
        results['texts'] = texts
        return results

    def _draw(self, sections: dict[str, str], augmented: dict[str, str]) -> list[str]:
        if self.augment_prob == 0:
            augmented = {}
        names = list(sections)
        if len(names) == 1:
            original = sections[names[0]]
            pair = [original, augmented.get(names[0], original)]
            random.shuffle(pair)
            return list(islice(cycle(pair), self.num_texts))
        texts = []
        for index in np.random.randint(len(names), size=self.num_texts):
            name, text = names[index], sections[names[index]]
            if random.random() < self.augment_prob:
                text = augmented.get(name, text)
            texts.append(text)
        return texts


@TRANSFORMS.register_module()
class RetrievalText(BaseTransform):
    """Choose the one text that stands for a study in retrieval.

    Required key: ``sections``. Added keys: ``text`` and ``texts`` (that one).

    Args:
        rule: 'longer' of findings and impression (findings if equal), the rule
            behind CXR-CLIP's MIMIC-CXR and Open-I numbers; 'findings';
            'impression'; 'both', findings then impression; 'alphabetical', the
            later in the alphabet, which CXR-CLIP's published snippet computes.
            Where a study has one section, all but 'findings' and 'impression'
            take that one.

    Raises:
        ValueError: from :meth:`transform`: the study lacks the section asked for.
    """

    def __init__(self, rule: str = 'longer'):
        if rule not in _RULES:
            raise ValueError(f'rule {rule!r} is none of {", ".join(_RULES)}')
        self.rule = rule

    def transform(self, results: dict) -> dict:
        """Add ``text`` and ``texts``."""
        sections = sections_of(results)
        wanted = (
            (self.rule,)
            if self.rule in ('findings', 'impression')
            else ('findings', 'impression')
        )
        texts = [sections[name] for name in wanted if name in sections]
        if not texts:
            raise ValueError(f'{study_name(results)} has no {" or ".join(wanted)}')
        if self.rule == 'both':
            text = ' '.join(texts)
        else:
            text = max(texts) if self.rule == 'alphabetical' else max(texts, key=len)
        results['text'] = text
        results['texts'] = [text]
        return results


@TRANSFORMS.register_module()
class Tokenize(BaseTransform):
    """Turn ``texts`` into token ids.

    Required key: ``texts``, T strings. Added key: ``input_ids``, list of T int64
    arrays of 2 to ``max_length`` ids, without padding.

    Args:
        tokenizer: config of one from the registry TOKENIZERS.
        max_length: most ids per text, [CLS] and [SEP] included; the paper has 256.
    """

    def __init__(self, tokenizer: dict, max_length: int = 256):
        self.tokenizer = TOKENIZERS.build(tokenizer)
        self.max_length = max_length

    def transform(self, results: dict) -> dict:
        """Add ``input_ids``."""
        texts = results['texts']
        if not isinstance(texts, list) or not all(isinstance(t, str) for t in texts):
            raise TypeError(
                f'{study_name(results)}: texts are a list of strings, not {texts!r:.80}'
            )
        encoded = self.tokenizer(texts, max_length=self.max_length)
        results['input_ids'] = [np.array(ids, dtype=np.int64) for ids in encoded]
        return results


def check_mode(mode: str, num_texts: int) -> None:
    """Refuse a mode that is neither 'train' nor 'first', and fewer than one text."""
    if mode not in _MODES:
        raise ValueError(f'mode {mode!r} is none of {", ".join(_MODES)}')
    if num_texts < 1:
        raise ValueError(f'num_texts is at least 1, not {num_texts}')


def study_name(results: dict) -> str:
    """How messages name a study."""
    study = results.get('study_id', results.get('image'))
    return f'study {study!r} of {results.get("dataset", "an unnamed dataset")}'


def sections_of(results: dict, key: str = 'sections') -> dict[str, str]:
    """Sections that have text, findings and impression first.

    Raises:
        TypeError: a section is not text: a NaN, a list; names the study.
    """
    sections = results.get(key) or {}
    for name, text in sections.items():
        if not isinstance(text, str):
            raise TypeError(
                f'{study_name(results)}: {key}[{name!r}] is not text but {text!r:.80}'
            )
    order = dict.fromkeys(('findings', 'impression', *sections))
    return {name: sections[name] for name in order if sections.get(name, '').strip()}


def shuffle_sentences(text: str) -> str:
    """The sentences of a text in random order."""
    sentences = split_sentences(text)
    random.shuffle(sentences)
    return ' '.join(sentences)
