# Zero-shot, several wordings for each side: SIIM-ACR Pneumothorax, AUROC.
#   python tools/test.py configs/benchmarks/zero_shot/siim/cxr-clip_ensemble.py r50_m.tar
# CXR-CLIP with Swin-Tiny: swint_m.tar --encoder cxr-clip_swin-t
# Expected values: see model_zoo.md.
# Prompt ensemble for SIIM-ACR Pneumothorax.
_base_ = './cxr-clip.py'
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
model = dict(prompt_head=dict(prompts=prompts))
