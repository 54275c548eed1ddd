"""ContrastiveLossMetric, also against the training loss of the model."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from mmcxr.evaluation.functional.contrastive import batched_contrastive_loss
from mmcxr.evaluation.metrics import ContrastiveLossMetric
from mmcxr.registry import MODELS


def samples(num, dataset, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [
        dict(
            image=f'{i}.png',
            dataset=dataset,
            image_embeds=F.normalize(torch.randn(2, 11, generator=generator), dim=-1),
            text_embeds=F.normalize(torch.randn(2, 11, generator=generator), dim=-1),
            logit_scale=torch.tensor(14.0),
        )
        for i in range(num)
    ]


def evaluate(metric, data):
    metric.process(None, data)
    return metric.evaluate(len(data))


def loss_of(data, **kwargs):
    return batched_contrastive_loss(
        np.stack([d['image_embeds'] for d in data]),
        np.stack([d['text_embeds'] for d in data]),
        14.0,
        **kwargs,
    )


def test_data_sets_are_apart_and_count_the_same():
    many, few = samples(13, 'mimic-cxr'), samples(4, 'chexpert', seed=1)
    mixed = [*many[:5], *few[:2], *many[5:], *few[2:]]
    metric = ContrastiveLossMetric(batch_size=5)
    flat = evaluate(metric, mixed)
    parts = [loss_of(data, batch_size=5) for data in (many, few)]
    for name in ('total', 'clip', 'icl', 'tcl'):
        mean = np.mean([part[name] for part in parts])
        assert flat[f'contrastive/{name}'] == pytest.approx(mean)
    assert flat['contrastive/total_chexpert'] == pytest.approx(parts[1]['total'])
    assert metric.report['counts']['studies'] == {'mimic-cxr': 13, 'chexpert': 4}
    chance = metric.report['baselines']['total']['value']
    assert chance == pytest.approx(np.mean([part['chance'] for part in parts]))


def test_loader_batches_do_not_matter():
    data, flats = samples(11, 'a'), []
    for size in (1, 4, 11):
        metric = ContrastiveLossMetric(batch_size=3)
        for start in range(0, 11, size):
            metric.process(None, data[start : start + size])
        flats.append(metric.evaluate(11))
    assert flats[0] == flats[1] == flats[2]


def test_single_film_and_text_may_come_without_a_dimension():
    data = samples(5, 'a')
    flat = [dict(d, image_embeds=d['image_embeds'][0]) for d in data]
    found = evaluate(ContrastiveLossMetric(), flat)
    assert found['contrastive/icl'] == 0 and found['contrastive/tcl'] > 0


def test_unequal_studies_are_refused():
    data = samples(3, 'a')
    data[1]['image_embeds'] = data[1]['image_embeds'][:1]
    with pytest.raises(ValueError, match='studies of a differ in views'):
        evaluate(ContrastiveLossMetric(), data)
    with pytest.raises(ValueError, match='batch_size'):
        ContrastiveLossMetric(batch_size=1)


def test_equals_the_loss_the_model_trains_with():
    import mmcxr.models  # noqa: F401

    bert = dict(
        vocab_size=31,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=24,
        max_position_embeddings=12,
    )
    model = MODELS.build(
        dict(
            type='CXRCLIP',
            image_backbone=dict(type='mmpretrain.ResNet', depth=18),
            image_channels=512,
            text_backbone=dict(type='BertEncoder', config=bert),
            text_channels=16,
            embed_dims=8,
        )
    ).eval()
    inputs = dict(
        image=torch.randn(5, 2, 3, 32, 32),
        input_ids=torch.randint(1, 31, (5, 2, 7)),
        attention_mask=torch.ones(5, 2, 7, dtype=torch.long),
    )
    with torch.no_grad():
        expected = model(inputs, mode='loss')['loss'].item()
        predicted = [sample.to_dict() for sample in model(inputs, mode='predict')]
    found = evaluate(ContrastiveLossMetric(), predicted)
    assert found['contrastive/total'] == pytest.approx(expected, abs=1e-4)
