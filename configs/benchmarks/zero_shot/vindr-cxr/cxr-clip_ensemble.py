# Zero-shot, several wordings for each side: VinDr-CXR, 18 classes, macro AUROC.
#   python tools/test.py configs/benchmarks/zero_shot/vindr-cxr/cxr-clip_ensemble.py r50_m.tar
# CXR-CLIP with Swin-Tiny: swint_m.tar --encoder cxr-clip_swin-t
# Expected values: see model_zoo.md.
# Prompt ensemble for the 18 VinDr-CXR classes: names as a report would spell
# them, several wordings of presence and absence.
_base_ = './cxr-clip.py'
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
model = dict(prompt_head=dict(prompts=prompts))
