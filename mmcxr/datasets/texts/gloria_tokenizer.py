"""Texts as GLoRIA's code prepares them, https://github.com/marshuang80/gloria."""

import re

from mmcxr.registry import TOKENIZERS

from .tokenizers import HFTokenizer

NUM_WORDS = 97


@TOKENIZERS.register_module()
class GLoRIATokenizer(HFTokenizer):
    """Word pieces of a text that was reduced to lower-case words first.

    Args:
        name: see :class:`HFTokenizer`; published with Bio_ClinicalBERT.
    """

    def __init__(self, name: str = 'emilyalsentzer/Bio_ClinicalBERT'):
        super().__init__(name, lowercase=True)

    def __call__(
        self, texts: list[str], max_length: int = NUM_WORDS
    ) -> list[list[int]]:
        """Encode texts; see :class:`HFTokenizer`. Published are 97 ids at most."""
        if not isinstance(texts, str):
            texts = [plain_words(t) if isinstance(t, str) else t for t in texts]
        return super().__call__(texts, min(max_length, NUM_WORDS))


def plain_words(text: str) -> str:
    """The words of a text: no punctuation, no list numbers, no capitals.

    Sentences (which end at any full stop) of a single word are left out, as in the
    released code, unless nothing else is there: the code then encodes no word at all.
    """
    sentences = word_sentences(text)
    kept = [words for words in sentences if ' ' in words] or sentences
    return ' '.join(kept)


def word_sentences(text: str) -> list[str]:
    """Sentences of lower-case ASCII words; any full stop ends one.

    A number before a full stop goes, as in the released code: "4.5 cm" is "5 cm".
    """
    sentences = []
    for part in re.split(r'[0-9]+\.|\.', text.replace('\n', ' ')):
        words = re.findall(r'\w+', part.lower())
        words = [word.encode('ascii', 'ignore').decode() for word in words]
        sentences.append(' '.join(word for word in words if word))
    return [words for words in sentences if words]
