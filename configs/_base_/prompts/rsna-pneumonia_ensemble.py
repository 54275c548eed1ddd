# Prompt ensemble for RSNA Pneumonia.
prompts = dict(
    Pneumonia=dict(
        pos=[
            'Findings suggesting pneumonia.', 'Pneumonia.', 'There is pneumonia.',
            'Focal consolidation concerning for pneumonia.',
            'Opacity compatible with infection.'],
        neg=[
            'No evidence of pneumonia', 'No pneumonia.',
            'There is no focal consolidation.', 'The lungs are clear.',
            'No acute infectious process.']))
