"""Sentences of radiology reports: splitting and tidying.

The general rule (full stop, space, next word) fails on what radiologists write
all the time: "2.5 cm", "Dr. Smith", "1. No change. 2. Small effusion.", "vs.",
sentences in lower case.
"""

import re

# Never the end of a sentence.
TITLES = 'dr drs mr mrs ms prof st vs e.g i.e eg ie cf approx ca incl'.split()
# The end only when a capital or a list number follows ("5 cm. No effusion.").
SHORT = (
    'cm mm mg ml hr hrs min a.m p.m am pm lat ant post inf sup max resp etc '
    'yr wk mo ft in'
).split()
# Not the end when a number follows ("No. 14 French catheter", "fig. 2").
BEFORE_NUMBER = 'no nos fig figs'.split()

END = re.compile(r'[.!?]+["\')\]]*(?=\s)')
LIST_NUMBER = re.compile(r'(?:^|[:;]\s)\(?\d{1,2}[.)]$')
BULLET_LINE = re.compile(r'\n\s*(?=(?:[-*•]|\d{1,2}[.)])\s)')
BLANK_LINE = re.compile(r'\n\s*\n')


def split_sentences(text: str) -> list[str]:
    """Split a report into sentences.

    A list number stays with its sentence, and nothing is lost: the sentences
    joined by spaces are the text with its white space collapsed.

    Args:
        text: any text; blank lines and lines that start with a bullet or a list
            number end a sentence too.

    Returns:
        Sentences without outer white space; none for a blank text.
    """
    sentences = []
    for paragraph in BLANK_LINE.split(text):
        for item in BULLET_LINE.split(paragraph):
            sentences += _split_line(' '.join(item.split()))
    return sentences


def _split_line(text: str) -> list[str]:
    sentences, start = [], 0
    for match in END.finditer(text):
        sentence, rest = text[start : match.end()], text[match.end() + 1 :]
        if _ends(sentence, rest):
            sentences.append(sentence)
            start = match.end() + 1
    if text[start:]:
        sentences.append(text[start:])
    return _join_stray_marks(sentences)


def _join_stray_marks(sentences: list[str]) -> list[str]:
    """Give a mark that stands alone (". .", left by de-identification) a home."""
    joined = []
    for sentence in sentences:
        if joined and not any(character.isalnum() for character in sentence):
            joined[-1] += f' {sentence}'
        else:
            joined.append(sentence)
    return joined


def _ends(sentence: str, rest: str) -> bool:
    """Whether a sentence is over at its last mark, given what follows."""
    if LIST_NUMBER.search(sentence):
        return False
    if not sentence.endswith('.'):
        return True
    word = sentence.split()[-1].rstrip('.').lstrip('("[').lower()
    if word in TITLES:
        return False
    if re.search(r'(?:^|\s)[A-Z]\.$', sentence) and re.match('[A-Z]', rest):
        return not _is_initial(sentence)
    if word in SHORT:
        return bool(re.match(r'["(\[]?[A-Z_]|\d{1,2}[.)]\s', rest))
    if word in BEFORE_NUMBER:
        return not rest[:1].isdigit()
    return True


def _is_initial(sentence: str) -> bool:
    """Whether the last capital is a name's initial: "Dr. J." or "by A. B."."""
    words = sentence.split()
    before = words[-2].lower() if len(words) > 1 else ''
    return before.rstrip('.') in TITLES or before in ('by', 'with', 'and')


def clean_report(text: str, mark: str = '') -> str:
    """Tidy one section: white space collapsed, de-identification marks replaced.

    Args:
        text: a section as it stands in the file.
        mark: what to put where MIMIC-CXR has ``___`` (two underscores or more).
            Open-I's ``XXXX`` is left alone: it also hides ordinary words
            ("chest x-XXXX").
    """
    text = re.sub(r'_{2,}', mark, text)
    text = re.sub(r'\s+([.,;:)])', r'\1', text)
    return ' '.join(text.split())
