# Zero-shot with CXR-CLIP's prompts: RSNA Pneumonia, AUROC.
#   python tools/test.py configs/benchmarks/zero_shot/rsna/cxr-clip_swin-t.py swint_m.tar
# Expected values: see model_zoo.md.
# Published files pool the top left token; one of ours takes image_pooling='avg'.
_base_ = [
    '../../../_base_/models/cxr-clip_swin-t.py',
    '../../../_base_/datasets/rsna_test_224.py',
    '../../../_base_/prompts/rsna-pneumonia.py',
    '../../../_base_/default_runtime.py',
]
model = dict(
    image_pooling='token0',
    prompt_head=dict(
        type='PromptHead', prompts=_base_.prompts,
        tokenizer=_base_.model.tokenizer))
