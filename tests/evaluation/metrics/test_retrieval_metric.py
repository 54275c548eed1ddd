"""RetrievalMetric from data samples to report."""

import numpy as np
import pytest
import torch

from mmcxr.evaluation.functional.retrieval import precision_at_k, retrieval_ranks
from mmcxr.evaluation.metrics import RetrievalMetric


def samples(num=23, dims=8, distinct=17, seed=0):
    generator = np.random.default_rng(seed)
    table = torch.from_numpy(generator.normal(size=(distinct, dims))).float()
    out = []
    for i in range(num):
        entry = generator.integers(distinct)
        out.append(
            dict(
                image=f'{i}.png',
                patient_id=i // 2,
                text=f'report {entry}',
                text_embeds=table[entry],
                image_embeds=table[entry]
                + torch.from_numpy(generator.normal(size=dims)),
                gt_label=torch.eye(4)[i % 4],
            )
        )
    return out


def evaluate(metric, data):
    metric.process(None, data)
    return metric.evaluate(len(data))


def test_report_equals_the_ranks():
    data, metric = samples(), RetrievalMetric(num_resamples=30)
    flat = evaluate(metric, data)
    ranks = retrieval_ranks(
        torch.stack([d['image_embeds'] for d in data]).float(),
        torch.stack([d['text_embeds'] for d in data]),
        [d['text'] for d in data],
    )
    sides = dict(i2t=ranks.image_to_text, t2i=ranks.text_to_image)
    for side, rank in sides.items():
        for k in (1, 5, 10):
            share = np.mean(rank <= k)
            assert flat[f'retrieval/{side}_recall_at_{k}'] == pytest.approx(share)
        assert flat[f'retrieval/{side}_mean_rank'] == pytest.approx(rank.mean())
        assert flat[f'retrieval/{side}_median_rank'] == np.median(rank)
    for entry in metric.report['metrics'].values():
        assert entry['ci95'][0] <= entry['value'] <= entry['ci95'][1]
    texts = len(ranks.text_to_image)
    assert metric.report['settings']['pools'] == dict(texts=texts, images=23)
    baseline = metric.report['baselines']['i2t_recall_at_5']['value']
    assert baseline == pytest.approx(5 / texts)
    assert metric.per_image['rank_image_to_text'].tolist() == list(ranks.image_to_text)
    assert len(metric.per_image['rank_text_to_image']) == 23


def test_views_and_texts_of_a_study_are_represented_by_the_first():
    data, stacked = samples(), samples()
    for sample in stacked:
        for key in ('image_embeds', 'text_embeds'):
            sample[key] = torch.stack([sample[key], torch.rand(8)])
        sample['texts'] = [sample.pop('text'), 'another section']
    metrics = [RetrievalMetric(num_resamples=0) for _ in range(2)]
    assert evaluate(metrics[0], data) == evaluate(metrics[1], stacked)


def test_precision_by_class_on_request():
    data, metric = samples(), RetrievalMetric(class_precision=(1, 5), num_resamples=20)
    flat = evaluate(metric, data)
    expected = precision_at_k(
        torch.stack([d['image_embeds'] for d in data]).float(),
        torch.stack([d['text_embeds'] for d in data]),
        np.arange(23) % 4,
        (1, 5),
    ).mean(axis=0)
    assert flat['retrieval/class_precision_at_1'] == pytest.approx(expected[0])
    assert flat['retrieval/class_precision_at_5'] == pytest.approx(expected[1])
    shares = np.bincount(np.arange(23) % 4) / 23
    baseline = metric.report['baselines']['class_precision_at_5']['value']
    assert baseline == pytest.approx((shares**2).sum())


def test_ties_are_warned_of():
    data, metric = samples(), RetrievalMetric(num_resamples=0)
    for sample in data:
        sample['image_embeds'] = sample['text_embeds'] = torch.ones(8)
    assert evaluate(metric, data)['retrieval/i2t_recall_at_1'] == 1
    assert any('ties with another' in text for text in metric.report['warnings'])


@pytest.mark.parametrize('text', [None, '', '  '])
def test_a_film_without_text_is_refused_by_name(text):
    data = samples(3)
    data[2]['text'] = text
    with pytest.raises(ValueError, match="'2.png' has no text"):
        evaluate(RetrievalMetric(), data)


def test_empty_split_is_refused():
    with pytest.raises(ValueError, match='the split is empty'):
        evaluate(RetrievalMetric(), [])
