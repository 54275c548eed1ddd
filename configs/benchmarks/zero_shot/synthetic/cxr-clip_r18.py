# Zero-shot on held-out synthetic patients, macro AUROC of 8 classes.
#   python tools/test.py configs/benchmarks/zero_shot/synthetic/cxr-clip_r18.py CHECKPOINT
_base_ = [
    '../../../_base_/models/cxr-clip_r18-bert-mini.py',
    '../../../_base_/datasets/synthetic_test_96.py',
    '../../../_base_/prompts/synthetic.py',
    '../../../_base_/default_runtime.py',
]
model = dict(
    prompt_head=dict(
        type='PromptHead', prompts=_base_.prompts,
        tokenizer=_base_.model.tokenizer, max_length=128))
