# Zero-shot with CheXzero's prompt pair and preprocessing: RSNA Pneumonia, AUROC.
#   python tools/test.py configs/benchmarks/zero_shot/rsna/chexzero_vit-b32.py chexzero.pt
# Expected values: see model_zoo.md.
# CheXzero's prompt pair, "{}" and "no {}", for RSNA Pneumonia.
_base_ = [
    '../../../_base_/models/chexzero_vit-b32.py',
    '../../../_base_/datasets/rsna_test_224.py',
    '../../../_base_/default_runtime.py',
]
prompts = dict(Pneumonia=dict(pos=['Pneumonia'], neg=['no Pneumonia']))
model = dict(
    prompt_head=dict(
        type='PromptHead', prompts=prompts,
        tokenizer=_base_.model.tokenizer))
film_pipeline = [
    dict(type='FilmFit', size=320, interpolation='lanczos', truncate_both=True),
]
test_pipeline = [dict(type='LoadFilm'), *film_pipeline, dict(type='PackFilm')]
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
