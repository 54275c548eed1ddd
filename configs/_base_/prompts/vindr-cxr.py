# CXR-CLIP's zero-shot prompts for VinDr-CXR: of the 20 labels it reads the 18 with
# more than ten positives in the test set, the raw name against "No {name}".
prompts = {
    name: dict(pos=[name], neg=[f'No {name}'])
    for name in (
        'Aortic enlargement', 'Atelectasis', 'Calcification', 'Cardiomegaly',
        'Consolidation', 'ILD', 'Infiltration', 'Lung Opacity',
        'Mediastinal shift', 'Nodule/Mass', 'Pleural effusion',
        'Pleural thickening', 'Pneumothorax', 'Pulmonary fibrosis',
        'Rib fracture', 'Lung tumor', 'Pneumonia', 'Tuberculosis')
}
