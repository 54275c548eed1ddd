# CXR-CLIP's zero-shot prompt pair for RSNA Pneumonia.
prompts = dict(
    Pneumonia=dict(
        pos=['Findings suggesting pneumonia.'],
        neg=['No evidence of pneumonia']))
