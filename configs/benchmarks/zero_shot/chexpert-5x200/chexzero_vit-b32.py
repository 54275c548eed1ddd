# Zero-shot with CheXzero's prompt pairs and preprocessing: CheXpert 5x200, the class of
# the highest probability.
#   python tools/test.py configs/benchmarks/zero_shot/chexpert-5x200/chexzero_vit-b32.py chexzero.pt
# Expected values: see model_zoo.md.
# CheXzero's prompt pairs, "{}" and "no {}", for the classes of CheXpert 5x200.
_base_ = [
    '../../../_base_/models/chexzero_vit-b32.py',
    '../../../_base_/datasets/chexpert-5x200_test_224.py',
    '../../../_base_/default_runtime.py',
]
prompts = {
    name: dict(pos=[name], neg=[f'no {name}'])
    for name in (
        'Atelectasis', 'Cardiomegaly', 'Consolidation', 'Edema', 'Pleural Effusion')
}
model = dict(
    prompt_head=dict(
        type='PromptHead', prompts=prompts,
        tokenizer=_base_.model.tokenizer))
film_pipeline = [
    dict(type='FilmFit', size=320, interpolation='lanczos', truncate_both=True),
]
test_pipeline = [dict(type='LoadFilm'), *film_pipeline, dict(type='PackFilm')]
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
