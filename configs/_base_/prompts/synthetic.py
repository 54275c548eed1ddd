# Prompts for the synthetic films, in the order of their label columns: three
# wordings a side.
prompts = {
    'No Finding': dict(
        pos=['No acute cardiopulmonary abnormality.', 'The lungs are clear.',
             'Normal chest radiograph.'],
        neg=['There is an acute cardiopulmonary abnormality.',
             'The lungs are not clear.', 'Abnormal chest radiograph.']),
    'Cardiomegaly': dict(
        pos=['Cardiomegaly.', 'The heart is enlarged.',
             'The cardiac silhouette is enlarged.'],
        neg=['No cardiomegaly.', 'The heart is normal in size.',
             'The cardiac silhouette is normal.']),
    'Pleural Effusion': dict(
        pos=['Pleural effusion.', 'There is a pleural effusion.',
             'Blunting of the costophrenic angle by pleural fluid.'],
        neg=['No pleural effusion.', 'There is no pleural effusion.',
             'The costophrenic angles are sharp.']),
    'Pneumothorax': dict(
        pos=['Pneumothorax.', 'There is a pneumothorax.',
             'A pneumothorax is present.'],
        neg=['No pneumothorax.', 'There is no pneumothorax.',
             'No pneumothorax is seen.']),
    'Consolidation': dict(
        pos=['Consolidation.', 'There is a consolidation.',
             'Airspace consolidation is present.'],
        neg=['No consolidation.', 'There is no consolidation.',
             'No focal consolidation.']),
    'Nodule': dict(
        pos=['Nodule.', 'There is a pulmonary nodule.',
             'A lung nodule is present.'],
        neg=['No nodule.', 'There is no pulmonary nodule.',
             'No lung nodule is seen.']),
    'Atelectasis': dict(
        pos=['Atelectasis.', 'There is atelectasis.',
             'Atelectasis is present.'],
        neg=['No atelectasis.', 'There is no atelectasis.',
             'No atelectasis is seen.']),
    'Edema': dict(
        pos=['Edema.', 'There is pulmonary edema.',
             'Pulmonary edema is present.'],
        neg=['No edema.', 'There is no pulmonary edema.',
             'No pulmonary edema is seen.']),
}
