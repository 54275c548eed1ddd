"""One sentence of a study's report, the text side of ConVIRT and GLoRIA."""

import random
from collections.abc import Sequence

from mmcv.transforms import BaseTransform

from mmcxr.datasets.texts.gloria_tokenizer import word_sentences
from mmcxr.datasets.texts.sentences import split_sentences
from mmcxr.registry import TRANSFORMS

from .text import check_mode, sections_of, study_name

_SPLITS = dict(report=split_sentences, gloria=word_sentences)


@TRANSFORMS.register_module()
class ChooseSentence(BaseTransform):
    """Choose a sentence of a study.

    A study none of whose sentences is long enough gives its longest one; the authors
    of both methods leave such studies out.

    Required key: ``sections`` {name: text}. Added key: ``texts``, a list of that one.

    Args:
        min_words: fewest words, parted by white space; ConVIRT has 4, GLoRIA 2.
        split: ``'report'``, see :func:`split_sentences`; ``'gloria'``, as GLoRIA's code
            does, see :func:`word_sentences`.
        sections: names of those to choose from, where the study has one of them;
            ``('impression',)`` of GLoRIA. All by default.
        mode: 'train' draws; 'first' takes the first.

    Raises:
        ValueError: from :meth:`transform`: a study without words.
    """

    def __init__(
        self,
        min_words: int = 4,
        split: str = 'report',
        sections: Sequence[str] | None = None,
        mode: str = 'train',
    ):
        check_mode(mode, 1)
        if split not in _SPLITS:
            raise ValueError(f'split {split!r} is none of {", ".join(_SPLITS)}')
        self.min_words, self.split = min_words, split
        self.sections, self.mode = sections, mode

    def transform(self, results: dict) -> dict:
        """Add ``texts``."""
        texts = sections_of(results)
        asked = {name: texts[name] for name in self.sections or () if name in texts}
        split = _SPLITS[self.split]
        sentences = [s for text in (asked or texts).values() for s in split(text)]
        if not sentences:
            raise ValueError(f'{study_name(results)} has no sentence to choose')
        long = [s for s in sentences if len(s.split()) >= self.min_words]
        if not long:
            long = [max(sentences, key=lambda sentence: len(sentence.split()))]
        results['texts'] = [random.choice(long) if self.mode == 'train' else long[0]]
        return results

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(min_words={self.min_words}, split={self.split!r}, '
            f'sections={self.sections}, mode={self.mode!r})'
        )
