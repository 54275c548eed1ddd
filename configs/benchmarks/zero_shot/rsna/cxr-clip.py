# Zero-shot with CXR-CLIP's prompts: RSNA Pneumonia, AUROC.
#   python tools/test.py configs/benchmarks/zero_shot/rsna/cxr-clip.py r50_m.tar
# CXR-CLIP with Swin-Tiny: swint_m.tar --encoder cxr-clip_swin-t
# Expected values: see model_zoo.md.
_base_ = [
    '../../../_base_/datasets/rsna_test_224.py',
    '../../../_base_/prompts/rsna-pneumonia.py',
    '../../../_base_/default_runtime.py',
]
encoder = 'cxr-clip_r50'
model = dict(
    prompt_head=dict(
        type='PromptHead', prompts=_base_.prompts))
