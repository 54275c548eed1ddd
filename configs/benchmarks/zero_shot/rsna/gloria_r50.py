# Zero-shot with GLoRIA, regions and whole film, a prompt for each side: RSNA Pneumonia,
# AUROC.
#   python tools/test.py configs/benchmarks/zero_shot/rsna/gloria_r50.py chexpert_resnet50.ckpt
# Expected values: see model_zoo.md.
_base_ = [
    '../../../_base_/models/gloria_r50.py',
    '../../../_base_/datasets/rsna_test_224.py',
    '../../../_base_/prompts/rsna-pneumonia.py',
    '../../../_base_/default_runtime.py',
]
model = dict(
    prompt_head=dict(
        type='GLoRIAPromptHead', prompts=_base_.prompts,
        mode='multilabel',
        tokenizer=_base_.model.tokenizer))
film_pipeline = [
    dict(type='FilmFit', size=256, interpolation='area'),
    dict(type='FilmCenterCrop', size=224),
]
test_pipeline = [dict(type='LoadFilm'), *film_pipeline, dict(type='PackFilm')]
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
