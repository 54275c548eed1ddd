# Zero-shot with CXR-CLIP's prompts: SIIM-ACR Pneumothorax, AUROC.
#   python tools/test.py configs/benchmarks/zero_shot/siim/cxr-clip.py r50_m.tar
# CXR-CLIP with Swin-Tiny: swint_m.tar --encoder cxr-clip_swin-t
# Expected values: see model_zoo.md.
# CXR-CLIP's zero-shot prompt pair for SIIM-ACR Pneumothorax.
_base_ = [
    '../../../_base_/datasets/films_test_224.py',
    '../../../_base_/default_runtime.py',
]
data_root = 'data/siim'
test_dataloader = dict(dataset=dict(type='SIIMPneumothorax', data_root=data_root))
test_evaluator = dict(type='ClassificationMetric', task='binary')
prompts = dict(
    Pneumothorax=dict(pos=['Pneumothorax'], neg=['No Pneumothorax']))
encoder = 'cxr-clip_r50'
model = dict(
    prompt_head=dict(
        type='PromptHead', prompts=prompts))
