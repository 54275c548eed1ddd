"""What each patient has: habitus, studies, views and findings, before any drawing.

Everything is drawn from streams keyed by (seed, patient, study, film), so a
patient is the same whoever makes it and however many patients are asked for.
"""

from dataclasses import dataclass, replace

import numpy as np

FINDINGS = (
    'Cardiomegaly',
    'Pleural Effusion',
    'Pneumothorax',
    'Consolidation',
    'Nodule',
    'Atelectasis',
    'Edema',
)
#: Label columns of the table.
CLASSES = ('No Finding', *FINDINGS)

#: Chance of each finding in a new study of an ill patient.
ONSET = dict(zip(FINDINGS, (0.30, 0.34, 0.24, 0.28, 0.25, 0.28, 0.26), strict=True))
#: Chance that it is still there in the next study.
PERSISTENCE = dict(zip(FINDINGS, (1.0, 0.6, 0.5, 0.5, 1.0, 0.6, 0.5), strict=True))
HEALTHY = 0.32  # share of patients in whom nothing ever shows
HEDGED_FAINT = 0.18  # a small or mild finding the report is unsure of
HEDGED_ABSENT = 0.015  # nothing there, and the report is unsure
MAX_FINDINGS = 3

#: View sets of a study and their chances; 1.5 films a study on average.
VIEW_SETS = (
    (('PA',), 0.34),
    (('PA', 'LATERAL'), 0.33),
    (('AP',), 0.22),
    (('AP', 'AP'), 0.06),
    (('PA', 'AP', 'LATERAL'), 0.05),
)
STUDY_COUNTS = (0.42, 0.30, 0.18, 0.10)  # chance of 1, 2, 3, 4 studies


@dataclass(frozen=True)
class Finding:
    """One finding of one study.

    Args:
        name: one of :data:`FINDINGS`.
        side: 'right', 'left', 'bilateral', or '' for the heart.
        zone: 'upper', 'mid' or 'lower' for lesions of the lung, else ''.
        level: 0 small or mild, 1 moderate, 2 large or severe.
        extent: in [0, 1], size within its level.
        place: (across, along) in [0, 1], position within its zone.
        texture: seeds the lesion's shape, so that it is the same in all views.
        drawn: whether the films show it.
        hedged: whether the report is unsure of it.
        change: against the previous study: '', 'new', 'unchanged', 'increased'
            or 'decreased'.
    """

    name: str
    side: str
    zone: str
    level: int
    extent: float
    place: tuple[float, float]
    texture: int
    drawn: bool = True
    hedged: bool = False
    change: str = ''

    @property
    def sides(self) -> tuple[str, ...]:
        """The sides it is on, 'right' before 'left'."""
        return ('right', 'left') if self.side == 'bilateral' else (self.side,)


@dataclass(frozen=True)
class Patient:
    """Who is filmed; lengths in cm, the rest as said.

    Args:
        half_width: of the inner thorax at its widest.
        height: of the right lung, apex to costophrenic angle, at full inspiration.
        fat: thickness of soft tissue beside the ribs.
        heart_ratio: cardiothoracic ratio without disease.
        anatomy: (5,) normal deviates that shape what has no name here.
    """

    sex: str
    age: int
    half_width: float
    height: float
    fat: float
    heart_ratio: float
    anatomy: np.ndarray


@dataclass(frozen=True)
class Study:
    """One visit: its views and what they show. ``number`` counts from 1."""

    patient: int
    number: int
    age: int
    views: tuple[str, ...]
    findings: tuple[Finding, ...]
    resolved: tuple[str, ...]

    @property
    def drawn(self) -> dict[str, Finding]:
        """Findings the films show, by name."""
        return {finding.name: finding for finding in self.findings if finding.drawn}


def stream(seed: int, patient: int, study: int = 0, part: int = 0):
    """Random generator of one patient, study and part of it.

    Part 0 plans, part 1 words the report and part 2 + i draws film i: pixels and
    wording never share a draw.
    """
    return np.random.default_rng([seed, patient, study, part])


def plan_patient(seed: int, index: int) -> tuple[Patient, list[Study]]:
    """Patient ``index`` of the world ``seed``, and all studies in order."""
    rng = stream(seed, index)
    patient = _draw_patient(rng)
    ill = rng.random() >= HEALTHY
    studies, previous, age = [], (), patient.age
    for number in range(1, 2 + rng.choice(4, p=STUDY_COUNTS)):
        rng_study = stream(seed, index, number)
        present = _next_findings(rng_study, previous, ill, first=number == 1)
        resolved = {f.name for f in previous} - {f.name for f in present}
        stated = _hedge(rng_study, present)
        views = _draw_views(rng_study, len(present))
        order = tuple(name for name in FINDINGS if name in resolved)
        studies.append(Study(index, number, age, views, stated, order))
        previous = present
        age += int(rng_study.random() < 0.3)
    return patient, studies


def _draw_patient(rng) -> Patient:
    sex = 'M' if rng.random() < 0.52 else 'F'
    build = rng.normal()  # slender to stocky
    small = 0.6 * (sex == 'F')
    return Patient(
        sex=sex,
        age=int(np.clip(rng.normal(58, 17), 18, 94)),
        half_width=float(np.clip(14.2 - small + 0.6 * build, 12.2, 16.0)),
        height=float(np.clip(26.0 - 1.5 * small - 0.8 * build, 21.5, 29.0)),
        fat=float(np.clip(2.2 + 0.8 * build + 0.5 * rng.normal(), 0.8, 5.0)),
        heart_ratio=float(rng.uniform(0.40, 0.47)),
        anatomy=rng.normal(size=5),
    )


def _draw_views(rng, num_findings: int) -> tuple[str, ...]:
    chances = np.array([chance for _, chance in VIEW_SETS])
    if num_findings >= 2:  # the sicker are more often filmed in bed
        chances = chances * (0.8, 0.8, 1.3, 1.3, 1.0)
    return VIEW_SETS[rng.choice(len(VIEW_SETS), p=chances / chances.sum())][0]


def _next_findings(rng, previous, ill: bool, first: bool) -> tuple[Finding, ...]:
    """Findings of a study, given those of the one before."""
    if not ill:
        return ()
    before = {finding.name: finding for finding in previous}
    found = []
    for name in FINDINGS:
        stays, begins = rng.random(2)
        fresh = _draw_finding(rng, name)
        step = int(rng.choice([-1, 0, 1], p=[0.35, 0.4, 0.25]))
        if name in before:
            if stays < PERSISTENCE[name]:
                found.append(_evolve(before[name], step))
        elif begins < ONSET[name] * (1.0 if first else 0.35):
            found.append(replace(fresh, change='' if first else 'new'))
    while len(found) > MAX_FINDINGS:  # what never heals is not dropped
        passing = [f for f in found if PERSISTENCE[f.name] < 1 or f.name not in before]
        found.remove(passing[rng.integers(len(passing))])
    return _reconcile(found)


def _draw_finding(rng, name: str) -> Finding:
    side = str(rng.choice(['right', 'left']))
    zone = str(rng.choice(['upper', 'mid', 'lower']))
    if name == 'Cardiomegaly':
        side = zone = ''
    elif name == 'Edema':
        side, zone = 'bilateral', ''
    elif name == 'Pleural Effusion':
        side, zone = ('bilateral' if rng.random() < 0.3 else side), ''
    elif name == 'Pneumothorax':
        zone = ''
    elif name == 'Atelectasis':
        zone = 'lower'
    return Finding(
        name=name,
        side=side,
        zone=zone,
        level=int(rng.choice(3, p=[0.34, 0.40, 0.26])),
        extent=float(rng.random()),
        place=(float(rng.random()), float(rng.random())),
        texture=int(rng.integers(2**31)),
    )


def _evolve(finding: Finding, step: int) -> Finding:
    """The same finding a study later; hearts and nodules keep their size."""
    if finding.name in ('Cardiomegaly', 'Nodule'):
        step = 0
    level = int(np.clip(finding.level + step, 0, 2))
    word = ('decreased', 'unchanged', 'increased')[np.sign(level - finding.level) + 1]
    return replace(finding, level=level, change=word)


def _reconcile(found: list[Finding]) -> tuple[Finding, ...]:
    """Move or drop what another finding would hide or contradict."""
    named = {finding.name: finding for finding in found}
    pneumothorax = named.get('Pneumothorax')
    effusion = named.get('Pleural Effusion')
    if pneumothorax:
        named.pop('Edema', None)
        if effusion and set(effusion.sides) & set(pneumothorax.sides):
            effusion = _move(effusion, side=_other(pneumothorax.side))
            named['Pleural Effusion'] = effusion
    for name in ('Consolidation', 'Nodule', 'Atelectasis'):
        lesion = named.get(name)
        if lesion and 'Cardiomegaly' in named and lesion.zone != 'upper':
            lesion = named[name] = _move(lesion, side='right')
        if lesion and pneumothorax and lesion.side == pneumothorax.side:
            zone = 'lower' if name == 'Atelectasis' else 'upper'
            lesion = _move(lesion, side=_other(lesion.side), zone=zone)
            named[name] = lesion
        if lesion and effusion and effusion.level and lesion.side in effusion.sides:
            if name == 'Atelectasis':
                named.pop(name)
            else:
                named[name] = _move(lesion, zone='upper')
    atelectasis = named.get('Atelectasis')
    for name in ('Consolidation', 'Nodule'):
        lesion = named.get(name)
        if lesion and atelectasis and lesion.side == atelectasis.side:
            named[name] = _move(lesion, zone='upper')
    edema = named.get('Edema')
    if edema and edema.level and named.get('Consolidation'):
        named['Edema'] = replace(edema, level=1)
    return tuple(named[name] for name in FINDINGS if name in named)


def _move(finding: Finding, **where: str) -> Finding:
    """The finding elsewhere; there it is new, if there was a study before."""
    moved = replace(finding, **where)
    return (
        replace(moved, change='new') if finding.change and moved != finding else moved
    )


def _other(side: str) -> str:
    return 'left' if side == 'right' else 'right'


def _hedge(rng, present: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Add doubt: of something faint that is there, or of something that is not."""
    drawn = {finding.name: finding for finding in present}
    stated = []
    for name in FINDINGS:
        doubt = rng.random()
        phantom = replace(_draw_finding(rng, name), level=0, drawn=False, hedged=True)
        if name in drawn:
            faint = drawn[name].level == 0
            hedged = bool(faint and doubt < HEDGED_FAINT)
            stated.append(replace(drawn[name], hedged=hedged))
        elif doubt < HEDGED_ABSENT:
            stated.append(phantom)
    return tuple(stated)
