# Prompts for the synthetic films, in the order of their label columns, worded as
# reports word them: what is present has a size, a side or a place.
prompts = {
    'No Finding': dict(
        pos=['No acute cardiopulmonary process.', 'The lungs are clear.',
             'No acute cardiopulmonary abnormality.',
             'Unremarkable examination of the chest.'],
        neg=['Moderate cardiomegaly.', 'There is a small left pleural effusion.',
             'There is a small right pneumothorax.',
             'There is a left lower lobe consolidation.',
             'A right upper lung nodule is seen.',
             'There is mild left basilar atelectasis.',
             'There is moderate pulmonary edema.']),
    'Cardiomegaly': dict(
        pos=['Mild cardiomegaly.', 'Moderate cardiomegaly.', 'Severe cardiomegaly.',
             'The heart is markedly enlarged.',
             'The cardiac silhouette is moderately enlarged.'],
        neg=['No cardiomegaly.', 'The heart is not enlarged.',
             'The cardiac silhouette is normal in size.']),
    'Pleural Effusion': dict(
        pos=[f'There is a {size} {side} pleural effusion.'
             for size in ('small', 'moderate', 'large')
             for side in ('left', 'right')],
        neg=['No pleural effusion.', 'There is no pleural effusion.',
             'No pleural effusion identified.']),
    'Pneumothorax': dict(
        pos=[f'There is a {size} {side} pneumothorax.'
             for size in ('small', 'moderate', 'large')
             for side in ('left', 'right')],
        neg=['No pneumothorax.', 'There is no pneumothorax.',
             'No pneumothorax is seen.']),
    'Consolidation': dict(
        pos=[f'There is a {side} {place} lobe consolidation.'
             for side in ('left', 'right') for place in ('upper', 'lower')],
        neg=['No consolidation.', 'There is no focal consolidation.',
             'No airspace consolidation.']),
    'Nodule': dict(
        pos=[f'A {side} {place} lung nodule is seen.'
             for side in ('left', 'right') for place in ('upper', 'mid', 'lower')],
        neg=['No nodule.', 'There is no pulmonary nodule.',
             'No suspicious nodule is seen.']),
    'Atelectasis': dict(
        pos=[f'There is {size} {side} basilar atelectasis.'
             for size in ('mild', 'moderate', 'severe')
             for side in ('left', 'right')],
        neg=['No atelectasis.', 'There is no focal atelectasis.',
             'No atelectasis is seen.']),
    'Edema': dict(
        pos=[f'There is {size} pulmonary edema.'
             for size in ('mild', 'moderate', 'severe')],
        neg=['No pulmonary edema.', 'There is no pulmonary edema.',
             'No interstitial edema is seen.']),
}
