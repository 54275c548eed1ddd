# Zero-shot with GLoRIA, regions and whole film: CheXpert 5x200, accuracy over 5 classes
# whose scores have mean 0 and deviation 1 over the films. Released are 5 prompts of
# each class, drawn at random; here all of them count.
#   python tools/test.py configs/benchmarks/zero_shot/chexpert-5x200/gloria_r50.py chexpert_resnet50.ckpt
# Columns of words counted as in the released code, by the characters of a prompt:
#   --cfg-options model.prompt_head.word_counts=characters
# Expected values: see model_zoo.md.
_base_ = [
    '../../../_base_/models/gloria_r50.py',
    '../../../_base_/datasets/chexpert-5x200_test_224.py',
    '../../../_base_/prompts/chexpert-5x200.py',
    '../../../_base_/default_runtime.py',
]
model = dict(
    prompt_head=dict(
        type='GLoRIAPromptHead', prompts=_base_.prompts,
        tokenizer=_base_.model.tokenizer))
film_pipeline = [
    dict(type='FilmFit', size=256, interpolation='area'),
    dict(type='FilmCenterCrop', size=224),
]
test_pipeline = [dict(type='LoadFilm'), *film_pipeline, dict(type='PackFilm')]
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_evaluator = dict(standardise=True)
