"""Names of findings and sentence templates, of which prompts are made.

A name may carry its article ("a fracture"): ``{x}`` in a form is the bare name,
``{ax}`` the name with its article, ``{is}`` the verb that agrees with it. The
first name is the plain one, and the first positive form is the name alone.
"""

POSITIVE = (
    '{x}.',
    'there {is} {ax}.',
    '{x} {is} present.',
    '{x} {is} visible.',
    'the film shows {ax}.',
    'findings in keeping with {x}.',
    '{x} {is} demonstrated.',
    'again, {x} {is} observed.',
)
NEGATIVE = (
    'no {x}.',
    'there {is} no {x}.',
    'no {x} {is} present.',
    'no {x} {is} visible.',
    'no {x} {is} identified.',
    'no sign of {x}.',
    'no evidence of {x}.',
    'without evidence of {x}.',
    'no convincing evidence of {x}.',
    'there is nothing to suggest {x}.',
    'the film shows no {x}.',
    '{x} {is} not seen.',
    '{x} {is} absent.',
    'negative for {x}.',
)
UNCERTAIN = (
    'possible {x}.',
    'questionable {x}.',
    '{x} {is} possible.',
    '{x} may be present.',
    '{x} could be present.',
    '{x} cannot be excluded.',
    'there may be {ax}.',
    'findings could represent {x}.',
    'appearances are equivocal for {x}.',
    'suspicion of {x}.',
    'it is uncertain whether {ax} {is} present.',
    'the differential includes {x}.',
)
# "The heart is normal in size" is how radiologists deny cardiomegaly.
NORMAL = (
    '{x} {is} normal.',
    '{x} {is} within normal limits.',
    '{x} {is} unremarkable.',
    '{x} {is} not enlarged.',
    '{x} {is} normal in size.',
    'normal appearance of {x}.',
)

NAMES = {
    'Enlarged Cardiomediastinum': (
        'an enlarged cardiomediastinum',
        'an enlarged cardiomediastinal silhouette',
        'a widened mediastinum',
        'mediastinal widening',
    ),
    'Cardiomegaly': (
        'cardiomegaly',
        'an enlarged heart',
        'an enlarged cardiac silhouette',
        'cardiac enlargement',
    ),
    'Lung Lesion': ('a lung lesion', 'a pulmonary lesion', 'a focal lung lesion'),
    'Lung Opacity': ('a lung opacity', 'a pulmonary opacity', 'airspace opacities'),
    'Edema': ('edema', 'pulmonary edema', 'interstitial edema'),
    'Consolidation': (
        'consolidation',
        'a focal consolidation',
        'an airspace consolidation',
    ),
    'Pneumonia': ('pneumonia', 'an infectious process', 'a pulmonary infection'),
    'Atelectasis': ('atelectasis', 'atelectatic change', 'an area of atelectasis'),
    'Pneumothorax': ('a pneumothorax', 'pleural air', 'air in the pleural space'),
    'Pleural Effusion': (
        'a pleural effusion',
        'pleural fluid',
        'fluid in the pleural space',
    ),
    'Pleural Other': ('a pleural abnormality', 'a pleural lesion', 'pleural disease'),
    'Fracture': ('a fracture', 'a rib fracture', 'fractured ribs'),
    'Support Devices': ('support devices', 'a support device', 'tubes or lines'),
    'Emphysema': ('emphysema', 'emphysematous change', 'hyperinflated lungs'),
    'Fibrosis': ('fibrosis', 'pulmonary fibrosis', 'fibrotic change', 'lung scarring'),
    'Hernia': ('a hernia', 'a hiatal hernia', 'a diaphragmatic hernia'),
    'Infiltration': ('infiltration', 'a pulmonary infiltrate', 'lung infiltrates'),
    'Mass': ('a mass', 'a lung mass', 'a pulmonary mass'),
    'Nodule': ('a nodule', 'a lung nodule', 'a pulmonary nodule', 'nodules'),
    'Pleural_Thickening': ('pleural thickening', 'a thickened pleura'),
}
STRUCTURES = {
    'Enlarged Cardiomediastinum': (
        'the cardiomediastinal silhouette',
        'the mediastinum',
        'the mediastinal contour',
    ),
    'Cardiomegaly': ('the heart', 'the cardiac silhouette', 'the cardiac contour'),
}
# Labels of ChestX-ray14 alone: its reader never says "uncertain".
WITHOUT_UNCERTAIN = (
    'Emphysema',
    'Fibrosis',
    'Hernia',
    'Infiltration',
    'Mass',
    'Nodule',
    'Pleural_Thickening',
)

CLEAR = (
    'the lungs are clear.',
    'both lungs are clear.',
    'the lungs are well expanded and clear.',
    'lungs and pleural spaces are clear.',
    'normal chest radiograph.',
    'the chest is unremarkable.',
    'the film is normal.',
    'heart, mediastinum and lungs are normal.',
)
NOTHING = ('no {x}.', 'there is no {x}.', 'no {x} is seen.', 'no evidence of {x}.')
NOTHING_OF = tuple(
    f'{adjective} {region}{noun}'
    for adjective in ('acute', 'active', 'significant')
    for region in ('', 'cardiopulmonary ', 'intrathoracic ')
    for noun in ('abnormality', 'disease', 'process')
)
