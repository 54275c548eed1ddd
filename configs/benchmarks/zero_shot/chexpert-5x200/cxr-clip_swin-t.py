# Zero-shot with CXR-CLIP's prompts: CheXpert 5x200, accuracy over 5 classes.
#   python tools/test.py configs/benchmarks/zero_shot/chexpert-5x200/cxr-clip_swin-t.py swint_m.tar
# Expected values: see model_zoo.md.
# Published files pool the top left token; one of ours takes image_pooling='avg'.
_base_ = [
    '../../../_base_/models/cxr-clip_swin-t.py',
    '../../../_base_/datasets/chexpert-5x200_test_224.py',
    '../../../_base_/prompts/chexpert-5x200.py',
    '../../../_base_/default_runtime.py',
]
model = dict(
    image_pooling='token0',
    prompt_head=dict(
        type='PromptHead', prompts=_base_.prompts, mode='multiclass',
        tokenizer=_base_.model.tokenizer))
