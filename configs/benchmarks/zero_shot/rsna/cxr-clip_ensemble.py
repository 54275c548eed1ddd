# Zero-shot, several wordings for each side: RSNA Pneumonia, AUROC.
#   python tools/test.py configs/benchmarks/zero_shot/rsna/cxr-clip_ensemble.py r50_m.tar
# CXR-CLIP with Swin-Tiny: swint_m.tar --encoder cxr-clip_swin-t
# Expected values: see model_zoo.md.
# Prompt ensemble for RSNA Pneumonia.
_base_ = './cxr-clip.py'
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
model = dict(prompt_head=dict(prompts=prompts))
