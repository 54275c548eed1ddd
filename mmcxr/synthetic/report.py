"""The report of a study: FINDINGS, IMPRESSION and the labels they state.

The words come from a stream of their own, so two reports of the same films differ
in wording only, and nothing of the wording reaches the pixels.
"""

from dataclasses import dataclass, field

from . import wording
from .plan import FINDINGS, Finding, Study
from .wording import pick

#: How often FINDINGS says that something is absent.
NEGATED = dict(zip(FINDINGS, (0.80, 0.85, 0.85, 0.70, 0.45, 0.40, 0.60), strict=True))
#: How often each of two sections is missing; never both.
MISSING_SECTION = 0.035


@dataclass
class Section:
    """Sentences of one section and the labels they state (1, 0 or -1)."""

    sentences: list[str] = field(default_factory=list)
    labels: dict[str, int] = field(default_factory=dict)

    def add(self, sentence: str, label: int | None = None, *names: str) -> None:
        """Say a sentence that gives ``label`` to the classes ``names``."""
        self.sentences.append(sentence[0].upper() + sentence[1:])
        self.labels.update(dict.fromkeys(names, label))


@dataclass(frozen=True)
class Report:
    """Text of both sections ('' where missing) and what they state together.

    ``labels`` holds 1 (said to be there), 0 (said to be absent) and -1 (hedged);
    a class that no sentence speaks of is not in it.
    """

    findings: str
    impression: str
    labels: dict[str, int]


def write_report(study: Study, rng) -> Report:
    """Word the report of a study.

    Args:
        study: what the films show and what is doubted.
        rng: generator for the wording.
    """
    findings, impression = _findings(study, rng), _impression(study, rng)
    absent = rng.random()
    labels, text = {}, []
    for index, section in enumerate((findings, impression)):
        if index * MISSING_SECTION <= absent < (index + 1) * MISSING_SECTION:
            text.append('')
            continue
        labels.update(section.labels)
        text.append(' '.join(section.sentences))
    if 1 in (labels.get(name) for name in FINDINGS):
        labels['No Finding'] = 0
    return Report(text[0], text[1], labels)


def _findings(study: Study, rng) -> Section:
    """What is there, what is not, and what else is seen, in any order."""
    parts = [_state(finding, rng) for finding in study.findings]
    stated = {finding.name for finding in study.findings}
    parts += _deny(stated | set(study.resolved), rng)
    for name in study.resolved:
        noun = pick(rng, wording.ABSENT[name])
        sentence = pick(rng, wording.RESOLVED).format(noun=noun)
        if name not in stated:
            parts.append((sentence, 0, name))
    if not stated and rng.random() < 0.85:
        parts.append((pick(rng, wording.CLEAR_LUNGS), 1, 'No Finding'))
    for filler in rng.permutation(wording.FILLERS)[: rng.integers(0, 4)]:
        parts.append((str(filler), None))
    section = Section()
    if rng.random() < 0.35:
        view = 'LATERAL' if 'LATERAL' in study.views else study.views[0]
        section.add(pick(rng, wording.VIEWS[view]))
    for index in rng.permutation(len(parts)):
        section.add(*parts[index])
    if not section.sentences:
        section.add(pick(rng, wording.FILLERS))
    return section


def _impression(study: Study, rng) -> Section:
    """Positive and doubtful findings, in order or numbered; or that all is well."""
    stated = [finding.name for finding in study.findings]
    parts = [_state(finding, rng, brief=True) for finding in study.findings]
    parts = [parts[index] for index in rng.permutation(len(parts))]
    if not stated:
        parts.append((pick(rng, wording.NORMAL), 1, 'No Finding'))
    others = [name for name in FINDINGS[1:] if name not in stated]
    if stated and rng.random() < 0.3:
        parts.append(_negation([pick(rng, others)], rng))
    section = Section()
    numbered = len(parts) > 1 and rng.random() < 0.3
    for index, (sentence, *rest) in enumerate(parts):
        sentence = sentence[0].upper() + sentence[1:]
        section.add(f'{index + 1}. {sentence}' if numbered else sentence, *rest)
    return section


def _state(finding: Finding, rng, brief: bool = False) -> tuple:
    """Sentence, label and class of a finding that is there or doubted."""
    label = -1 if finding.hedged else 1
    if finding.name == 'Cardiomegaly' and rng.random() < 0.5 and not brief:
        much = pick(rng, wording.ADVERB[finding.level])
        subject = pick(rng, ('The heart', 'The cardiac silhouette'))
        verb = 'may be' if finding.hedged else 'is'
        return f'{subject} {verb} {much} enlarged.', label, finding.name
    phrase, count = wording.noun_phrase(finding, rng)
    after = ''
    if finding.change and not finding.hedged and rng.random() < 0.7:
        if rng.random() < 0.5:
            phrase = f'{finding.change} {phrase}'
        else:
            after = wording.SINCE_PRIOR[finding.change]
    templates = wording.HEDGED if finding.hedged else wording.POSITIVE
    template = templates[0] if brief and rng.random() < 0.6 else pick(rng, templates)
    sentence = template.format(
        np=phrase,
        a_np=wording.article(phrase, count) + phrase,
        be='are' if count == 'many' else 'is',
    )
    return f'{sentence[:-1]}{after}.', label, finding.name


def _deny(skip: set[str], rng) -> list[tuple]:
    """Negations, some of them gathered into one sentence."""
    absent = [n for n in FINDINGS if n not in skip and rng.random() < NEGATED[n]]
    parts = []
    if 'Cardiomegaly' in absent and rng.random() < 0.85:
        absent.remove('Cardiomegaly')
        parts.append((pick(rng, wording.NORMAL_HEART), 0, 'Cardiomegaly'))
    absent = [absent[index] for index in rng.permutation(len(absent))]
    while absent:
        number = int(rng.integers(1, 4))
        parts.append(_negation(absent[:number], rng))
        absent = absent[number:]
    return parts


def _negation(names: list[str], rng) -> tuple:
    """One sentence that denies all of ``names``."""
    nouns = [pick(rng, wording.ABSENT[name]) for name in names]
    if len(nouns) > 2:
        joined = ', '.join(nouns[:-1]) + ', or ' + nouns[-1]
    else:
        joined = ' or '.join(nouns)
    return pick(rng, wording.NEGATIVE).format(list=joined), 0, *names
