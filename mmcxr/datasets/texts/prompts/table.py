"""The prompt table: sentences that say a label is present, absent or uncertain.

CXR-CLIP (https://arxiv.org/abs/2310.13292) turns labels into reports with such a
table. Ours has its structure (21 classes, positive, negative and uncertain
sentences) and our own sentences; the authors' ``train_prompts_all.json`` loads too.
"""

import json
import re
from pathlib import Path

from . import findings

PromptTable = dict[str, dict[str, list[str]]]


def class_key(name: str) -> str:
    """Spelling-free form of a class: 'Pleural_Thickening' is 'pleural thickening'."""
    return ' '.join(name.replace('_', ' ').lower().split())


def load_prompt_table(path: str | Path | None = None) -> PromptTable:
    """Sentences of every class.

    Args:
        path: JSON file ``{class: {"pos": [...], "neg": [...], "unc": [...]}}``,
            the layout CXR-CLIP released; None for our own sentences.

    Returns:
        {class: dict(pos, neg, unc)}: lists of sentences without empty ones. The
        first ``pos`` is the plain finding, which validation uses. ``neg`` and
        ``unc`` are empty where the class has none (No Finding; ``unc`` of the
        classes only ChestX-ray14 has).

    Raises:
        FileNotFoundError: no such file.
        ValueError: not that layout; names the file, the class and the list.
    """
    if path is None:
        return _own_table()
    try:
        content = json.loads(Path(path).read_text(encoding='utf-8'))
    except json.JSONDecodeError as error:
        raise ValueError(f'{path}: not JSON: {error}') from error
    if not isinstance(content, dict) or not content:
        raise ValueError(f'{path}: a prompt table is {{class: {{"pos": [...], ...}}}}')
    return {name: _checked(entry, name, path) for name, entry in content.items()}


def _checked(entry, name: str, path) -> dict[str, list[str]]:
    where = f'{path}: class {name!r}'
    if not isinstance(entry, dict):
        raise ValueError(f'{where}: not a dict of "pos", "neg", "unc"')
    if unknown := set(entry) - {'pos', 'neg', 'unc'}:
        raise ValueError(f'{where}: unknown list {sorted(unknown)[0]!r}')
    checked = {}
    for kind in ('pos', 'neg', 'unc'):
        sentences = entry.get(kind, [])
        # A bare string would be read letter by letter.
        if not isinstance(sentences, list) or not all(
            isinstance(sentence, str) for sentence in sentences
        ):
            raise ValueError(f'{where}: {kind!r} is not a list of sentences')
        checked[kind] = [s for s in sentences if s.strip()]
    if not checked['pos']:
        raise ValueError(f'{where}: "pos" has no sentence')
    return checked


def _own_table() -> PromptTable:
    table = {'No Finding': dict(pos=_no_finding(), neg=[], unc=[])}
    for name, words in findings.NAMES.items():
        structures = findings.STRUCTURES.get(name, ())
        uncertain = name not in findings.WITHOUT_UNCERTAIN
        table[name] = dict(
            pos=_sentences(words, findings.POSITIVE),
            neg=_sentences(structures, findings.NORMAL)
            + _sentences(words, findings.NEGATIVE),
            unc=_sentences(words, findings.UNCERTAIN) if uncertain else [],
        )
    return table


def _no_finding() -> list[str]:
    return [*findings.CLEAR, *_sentences(findings.NOTHING_OF, findings.NOTHING)]


def _sentences(words: tuple[str, ...], forms: tuple[str, ...]) -> list[str]:
    """Every name in every form, the first form of all names first."""
    sentences = []
    for form in forms:
        for word in words:
            bare = re.sub(r'^an? ', '', word)
            # "opacities" and "ribs", but not "mass", "fibrosis" or "atelectasis".
            verb = 'are' if re.search(r'[^siu]s$', bare) else 'is'
            sentences.append(form.format_map({'x': bare, 'ax': word, 'is': verb}))
    return list(dict.fromkeys(sentences))
