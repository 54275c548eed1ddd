# Prompt ensemble for the 18 VinDr-CXR classes: names as a report would spell
# them, several wordings of presence and absence.
prompts = {
    name: dict(
        pos=[form.format(text) for form in (
            '{}', 'There is {}.', '{} is present.', 'Findings suggesting {}.',
            'The film shows {}.')],
        neg=[form.format(text) for form in (
            'No {}', 'There is no {}.', 'No evidence of {}.', 'No sign of {}.',
            'Without {}.')])
    for name, text in {
        'Aortic enlargement': 'aortic enlargement',
        'Atelectasis': 'atelectasis',
        'Calcification': 'calcification',
        'Cardiomegaly': 'cardiomegaly',
        'Consolidation': 'consolidation',
        'ILD': 'interstitial lung disease',
        'Infiltration': 'infiltration',
        'Lung Opacity': 'lung opacity',
        'Mediastinal shift': 'mediastinal shift',
        'Nodule/Mass': 'pulmonary nodule or mass',
        'Pleural effusion': 'pleural effusion',
        'Pleural thickening': 'pleural thickening',
        'Pneumothorax': 'pneumothorax',
        'Pulmonary fibrosis': 'pulmonary fibrosis',
        'Rib fracture': 'rib fracture',
        'Lung tumor': 'lung tumor',
        'Pneumonia': 'pneumonia',
        'Tuberculosis': 'tuberculosis',
    }.items()
}
