"""RestorationMetric against plain means."""

import numpy as np
import pytest
import torch

from mmcxr.evaluation.metrics import RestorationMetric

IMAGE, REPORT, TOKENS = [0.5, 0.7, 0.9], [2.0, 4.0, float('nan')], [1, 3, 0]


def evaluate(image=IMAGE, report=REPORT, tokens=TOKENS, **options):
    metric = RestorationMetric(**options)
    for row, values in enumerate(zip(image, report, tokens, strict=True)):
        sample = dict(
            image=f'{row}.png',
            patient_id=row,
            image_loss=torch.tensor(values[0]),
            image_chance=torch.tensor(1.0),
            report_loss=torch.tensor(values[1]),
            report_chance=torch.tensor(5.0),
            report_tokens=torch.tensor(values[2]),
        )
        metric.process(None, [sample])
    return metric.evaluate(len(image)), metric


def test_films_and_tokens_weigh_alike():
    flat, metric = evaluate(num_resamples=50)
    assert flat['restoration/image'] == pytest.approx(0.7)
    assert flat['restoration/report'] == pytest.approx((2 + 3 * 4) / 4)
    assert flat['restoration/total'] == pytest.approx(0.7 + 3.5)
    low, high = metric.report['metrics']['image']['ci95']
    assert 0.5 <= low < 0.7 < high <= 0.9
    values = {k: entry['value'] for k, entry in metric.report['baselines'].items()}
    assert values == dict(image=1.0, report=5.0)
    assert metric.report['counts'] == dict(films=3, tokens=4)
    assert metric.per_image['report_tokens'].tolist() == TOKENS
    np.testing.assert_equal(metric.per_image['report_loss'], REPORT)


def test_no_token_at_all():
    flat, _ = evaluate(tokens=[0, 0, 0], num_resamples=0)
    assert np.isnan(flat['restoration/report'])
    assert flat['restoration/image'] == pytest.approx(0.7)


def test_other_models():
    metric = RestorationMetric()
    with pytest.raises(ValueError, match="'1.png' has no 'image_loss'"):
        metric.process(None, [dict(image='1.png', scores=torch.ones(2))])
