# Zero-shot with CXR-CLIP's prompts: CheXpert 5x200, accuracy over 5 classes.
#   python tools/test.py configs/benchmarks/zero_shot/chexpert-5x200/cxr-clip.py r50_m.tar
# CXR-CLIP with Swin-Tiny: swint_m.tar --encoder cxr-clip_swin-t
# Expected values: see model_zoo.md.
_base_ = [
    '../../../_base_/datasets/chexpert-5x200_test_224.py',
    '../../../_base_/prompts/chexpert-5x200.py',
    '../../../_base_/default_runtime.py',
]
encoder = 'cxr-clip_r50'
model = dict(
    prompt_head=dict(
        type='PromptHead', prompts=_base_.prompts, mode='multiclass'))
