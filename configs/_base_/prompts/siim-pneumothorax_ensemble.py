# Prompt ensemble for SIIM-ACR Pneumothorax.
prompts = dict(
    Pneumothorax=dict(
        pos=[
            'Pneumothorax', 'There is a pneumothorax.', 'Apical pneumothorax.',
            'A visible pleural line is consistent with pneumothorax.',
            'Pneumothorax with collapse of the lung.'],
        neg=[
            'No Pneumothorax', 'There is no pneumothorax.',
            'No evidence of pneumothorax.', 'No pneumothorax is seen.',
            'The lungs are fully expanded.']))
