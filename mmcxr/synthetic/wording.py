"""How a radiologist may say it: phrases and sentences for each finding.

Every sentence speaks of one class in one polarity (negations may list several),
so that labels can be read off what was said.
"""

from .lesions import diameter
from .plan import Finding

SEVERITY = (('mild', 'slight', 'minimal'), ('moderate',), ('severe', 'marked'))
ADVERB = (('mildly', 'slightly'), ('moderately',), ('severely', 'markedly'))
SIZE = (('small', 'tiny', 'trace'), ('moderate', 'moderate-sized'), ('large',))

POSITIVE = (
    '{np}.',
    'There {be} {a_np}.',
    '{a_np} {be} present.',
    '{a_np} {be} seen.',
    '{a_np} {be} noted.',
    '{a_np} {be} identified.',
    'Findings consistent with {a_np}.',
)
HEDGED = (
    'Possible {np}.',
    'Questionable {np}.',
    'There may be {a_np}.',
    '{a_np} cannot be excluded.',
    'Cannot exclude {a_np}.',
    'Findings may represent {a_np}.',
    'Subtle changes, which could represent {a_np}.',
)
NEGATIVE = (
    'No {list}.',
    'There is no {list}.',
    'No evidence of {list}.',
    'There is no evidence of {list}.',
    'No {list} is seen.',
    'No {list} identified.',
    'Negative for {list}.',
)
ABSENT = {
    'Cardiomegaly': ('cardiomegaly', 'cardiac enlargement'),
    'Pleural Effusion': ('pleural effusion', 'effusion', 'pleural fluid'),
    'Pneumothorax': ('pneumothorax',),
    'Consolidation': ('focal consolidation', 'consolidation', 'airspace consolidation'),
    'Nodule': ('pulmonary nodule', 'suspicious nodule', 'lung nodule'),
    'Atelectasis': ('atelectasis', 'focal atelectasis'),
    'Edema': ('pulmonary edema', 'edema', 'interstitial edema'),
}
NORMAL_HEART = (
    'The heart is normal in size.',
    'Heart size is normal.',
    'Normal heart size.',
    'The cardiac silhouette is within normal limits.',
    'The cardiac silhouette is normal in size.',
    'The heart is not enlarged.',
)
CLEAR_LUNGS = (
    'The lungs are clear.',
    'Both lungs are clear.',
    'Lungs are clear and well expanded.',
    'The lungs are well aerated and clear.',
    'Unremarkable appearance of both lungs.',
)
NORMAL = (
    'No acute cardiopulmonary abnormality.',
    'No acute cardiopulmonary process.',
    'Normal chest radiograph.',
    'Unremarkable examination of the chest.',
    'No radiographic evidence of acute disease.',
    'No acute findings.',
)
FILLERS = (
    'The mediastinal contours are unremarkable.',
    'The hilar contours are normal.',
    'The osseous structures are intact.',
    'No acute osseous abnormality.',
    'The trachea is midline.',
    'Degenerative changes of the thoracic spine.',
    'The aorta is mildly tortuous.',
    'The visualized upper abdomen is unremarkable.',
    'No mediastinal widening.',
)
VIEWS = {
    'PA': ('PA view of the chest.', 'Frontal view of the chest was obtained.'),
    'AP': ('AP view of the chest.', 'Portable AP radiograph of the chest.'),
    'LATERAL': (
        'PA and lateral views of the chest were obtained.',
        'Frontal and lateral views of the chest.',
    ),
}
RESOLVED = (
    'The previously seen {noun} has resolved.',
    'Interval resolution of the {noun}.',
    'The prior {noun} is no longer seen.',
)
SINCE_PRIOR = {
    'new': ', new since the prior study',
    'unchanged': ', unchanged from prior',
    'increased': ', increased since the previous examination',
    'decreased': ', decreased in the interval',
}


def pick(rng, options):
    """One of the options."""
    return options[rng.integers(len(options))]


def article(phrase: str, count: str) -> str:
    """'a ', 'an ' or nothing before a phrase counted as ``count``."""
    if count != 'one' or 'blunting' in phrase:
        return ''
    return 'an ' if phrase.startswith(('a', 'e', 'i', 'o', 'u', '18 ')) else 'a '


def region(finding: Finding, rng) -> str:
    """The lobe or zone of a lesion."""
    side, zone = finding.side, finding.zone
    if zone == 'mid':
        lobe = 'right middle lobe' if side == 'right' else 'lingula'
        return pick(rng, (lobe, f'{side} mid zone', f'{side} mid lung'))
    if zone == 'upper':
        return pick(rng, tuple(f'{side} upper {x}' for x in ('lobe', 'zone', 'lung')))
    names = ('lower lobe', 'lower zone', 'lung base', 'base')
    return pick(rng, tuple(f'{side} {name}' for name in names))


def noun_phrase(finding: Finding, rng) -> tuple[str, str]:
    """What was found, with size, side and place.

    Returns:
        The phrase without article, and how it is counted: 'one', 'many' or 'mass'.
    """
    return PHRASES[finding.name](finding, rng)


def _cardiomegaly(finding, rng):
    severity = pick(rng, SEVERITY[finding.level])
    forms = ('cardiomegaly', 'enlargement of the heart', 'cardiac enlargement')
    forms += ('enlargement of the cardiac silhouette',)
    return f'{severity} {pick(rng, forms)}', 'mass'


def _effusion(finding, rng):
    size, side = pick(rng, SIZE[finding.level]), finding.side
    if side == 'bilateral':
        forms = (f'bilateral {size} pleural effusions',)
        return pick(rng, (*forms, f'{size} bilateral pleural effusions')), 'many'
    forms = (f'{size} {side} pleural effusion', f'{size} {side}-sided pleural effusion')
    forms += (f'{size} pleural effusion on the {side}', f'{size} {side} effusion')
    if finding.level == 0:
        forms += (f'blunting of the {side} costophrenic angle from pleural fluid',)
    return pick(rng, forms), 'one'


def _pneumothorax(finding, rng):
    size, side = pick(rng, SIZE[finding.level]), finding.side
    forms = (f'{size} {side} pneumothorax', f'{size} {side}-sided pneumothorax')
    if finding.level == 0:
        forms = (f'{size} {side} apical pneumothorax', f'{forms[0]} at the apex')
    elif finding.level == 2:
        forms += (f'{forms[0]} with collapse of the {side} lung',)
    return pick(rng, forms), 'one'


def _consolidation(finding, rng):
    kind = (('small', 'patchy', 'focal'), ('moderate', 'patchy'), ('large', 'dense'))
    kind, where = pick(rng, kind[finding.level]), region(finding, rng)
    noun = pick(rng, ('consolidation', 'airspace consolidation', 'airspace opacity'))
    forms = (f'{kind} {where} {noun}', f'{kind} {noun} in the {where}')
    return pick(rng, forms), 'one'


def _nodule(finding, rng):
    centimetres = diameter(finding)
    sizes = (f'{centimetres:.1f} cm', f'{10 * centimetres:.0f} mm')
    sizes += (('small', 'rounded', 'large')[finding.level],)
    size, where = pick(rng, sizes), region(finding, rng)
    noun = pick(rng, ('nodule', 'pulmonary nodule', 'nodular opacity', 'lung nodule'))
    forms = (f'{size} {noun} in the {where}', f'{size} {where} {noun}')
    return pick(rng, forms), 'one'


def _atelectasis(finding, rng):
    severity, side = pick(rng, SEVERITY[finding.level]), finding.side
    if finding.level == 0:
        severity = pick(rng, (severity, 'linear', 'plate-like', 'subsegmental'))
    place = pick(rng, ('basilar', 'lower lobe', 'basal'))
    forms = (f'{severity} {side} {place} atelectasis',)
    forms += (f'{severity} atelectasis at the {side} base',)
    forms += (f'{forms[0]} with elevation of the {side} hemidiaphragm',)
    if finding.level:
        forms += (f'{severity} {side} lower lobe volume loss and atelectasis',)
    return pick(rng, forms), 'mass'


def _edema(finding, rng):
    severity = pick(rng, SEVERITY[finding.level])
    kind = pick(
        rng, ('pulmonary', 'alveolar' if finding.level == 2 else 'interstitial')
    )
    forms = (f'{severity} {kind} edema', f'{severity} bilateral {kind} edema')
    forms += (f'pulmonary vascular congestion with {severity} edema',)
    forms += (f'perihilar haze due to {severity} {kind} edema',)
    return pick(rng, forms), 'mass'


PHRASES = {
    'Cardiomegaly': _cardiomegaly,
    'Pleural Effusion': _effusion,
    'Pneumothorax': _pneumothorax,
    'Consolidation': _consolidation,
    'Nodule': _nodule,
    'Atelectasis': _atelectasis,
    'Edema': _edema,
}
