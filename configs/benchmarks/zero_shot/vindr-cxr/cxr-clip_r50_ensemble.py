# Zero-shot, several wordings for each side: VinDr-CXR, 18 classes, macro AUROC.
#   python tools/test.py configs/benchmarks/zero_shot/vindr-cxr/cxr-clip_r50_ensemble.py r50_m.tar
# Expected values: see model_zoo.md.
_base_ = [
    '../../../_base_/models/cxr-clip_r50.py',
    '../../../_base_/datasets/vindr-cxr_test_224.py',
    '../../../_base_/prompts/vindr-cxr_ensemble.py',
    '../../../_base_/default_runtime.py',
]
model = dict(
    prompt_head=dict(
        type='PromptHead', prompts=_base_.prompts,
        tokenizer=_base_.model.tokenizer))
