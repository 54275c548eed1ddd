"""SegmentationMetric on mmsegmentation's data samples."""

import numpy as np
import pytest
import torch
from mmengine.evaluator import Evaluator
from mmengine.structures import BaseDataElement, PixelData
from sklearn.metrics import roc_auc_score

from mmcxr.evaluation.metrics import SegmentationMetric
from mmcxr.evaluation.metrics.segmentation import foreground_probability


def samples(num=12, channels=2, seed=0):
    generator = torch.Generator().manual_seed(seed)
    out = []
    for i in range(num):
        truth = (torch.rand(1, 5, 7, generator=generator) < 0.3).long() * (i % 3 > 0)
        logits = torch.randn(channels, 5, 7, generator=generator)
        logits[-1] += truth[0]
        predicted = logits.argmax(0, keepdim=True)
        if channels == 1:
            logits = logits.sigmoid()
            predicted = (logits > 0.5).float()
        sample = BaseDataElement(
            metainfo=dict(img_path=f'/data/images/{i}.png', patient_id=i // 2)
        )
        for name, data in dict(
            gt_sem_seg=truth, pred_sem_seg=predicted, seg_logits=logits
        ).items():
            sample.set_field(PixelData(data=data), name)
        out.append(sample)
    return out


def evaluate(metric, data):
    evaluator = Evaluator([metric])
    evaluator.process(data)
    return evaluator.evaluate(len(data))


@pytest.mark.parametrize('channels', [1, 2])
def test_report_equals_loops_over_masks(channels):
    data, metric = samples(channels=channels), SegmentationMetric(num_resamples=20)
    flat = evaluate(metric, data)
    truth = np.stack([d.gt_sem_seg.data[0] for d in data]) == 1
    predicted = np.stack([d.pred_sem_seg.data[0] for d in data]) == 1
    shared = (truth & predicted).sum()
    dice = 2 * shared / (truth.sum() + predicted.sum())
    assert flat['segmentation/dice_foreground'] == pytest.approx(dice)
    by_image = [
        2 * (t & p).sum() / (t.sum() + p.sum())
        for t, p in zip(truth, predicted, strict=True)
    ]
    assert flat['segmentation/dice_image'] == pytest.approx(np.mean(by_image))
    assert metric.per_image['dice'] == pytest.approx(by_image)
    counts = metric.report['counts']
    assert counts['empty_true_masks'] == 4 and counts['images'] == 12
    baseline = metric.report['baselines']['dice_image']['value']
    assert baseline == pytest.approx(4 / 12)
    probability = [
        d.seg_logits.data.softmax(0)[1] if channels == 2 else d.seg_logits.data[0]
        for d in data
    ]
    lesion = truth.any(axis=(1, 2))
    for name in ('max', 'sum'):
        scores = [float(getattr(p, name)()) for p in probability]
        expected = roc_auc_score(lesion, scores)
        assert flat[f'segmentation/detection_auroc_{name}'] == pytest.approx(expected)


def test_paths_do_not_reach_the_table():
    data, metric = samples(), SegmentationMetric(num_resamples=0)
    evaluate(metric, data)
    assert metric.per_image['image'][1] == '1.png'


def test_without_logits_there_is_no_detection():
    data, metric = samples(), SegmentationMetric(num_resamples=0)
    for sample in data:
        del sample.seg_logits
    assert not any('detection' in name for name in evaluate(metric, data))


def test_no_lesion_anywhere_is_named_and_never_raised():
    data, metric = samples(), SegmentationMetric(num_resamples=5)
    for sample in data:
        sample.gt_sem_seg.data.zero_()
    flat = evaluate(metric, data)
    assert np.isnan(flat['segmentation/detection_auroc_max'])
    assert 'no film has a lesion in its true mask' in metric.report['warnings']


def test_foreground_probability_is_softmax():
    logits = torch.randn(3, 4, 5) * 50
    powers = (logits - logits.max()).double().exp()
    expected = (powers[2] / powers.sum(0)).float()
    assert torch.allclose(foreground_probability(logits, 2), expected, atol=1e-6)


def test_bad_input_is_refused():
    data = samples(2)
    data[1].gt_sem_seg = PixelData(data=torch.zeros(1, 4, 4))
    with pytest.raises(ValueError, match="'1.png': predicted mask .* differ in size"):
        evaluate(SegmentationMetric(), data)
    with pytest.raises(ValueError, match='the split is empty'):
        evaluate(SegmentationMetric(), [])
