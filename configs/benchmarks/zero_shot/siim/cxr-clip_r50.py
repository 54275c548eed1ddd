# Zero-shot with CXR-CLIP's prompts: SIIM-ACR Pneumothorax, AUROC.
#   python tools/test.py configs/benchmarks/zero_shot/siim/cxr-clip_r50.py r50_m.tar
# Expected values: see model_zoo.md.
_base_ = [
    '../../../_base_/models/cxr-clip_r50.py',
    '../../../_base_/datasets/siim_test_224.py',
    '../../../_base_/prompts/siim-pneumothorax.py',
    '../../../_base_/default_runtime.py',
]
model = dict(
    prompt_head=dict(
        type='PromptHead', prompts=_base_.prompts,
        tokenizer=_base_.model.tokenizer))
