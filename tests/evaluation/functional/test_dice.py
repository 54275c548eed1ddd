"""Dice in all meanings against loops over masks and closed forms."""

import numpy as np
import pytest
import torch

from mmcxr.evaluation.functional.dice import (
    DiceStatistics,
    empty_baselines,
    image_dice,
    pixel_counts,
)


def masks(num=13, seed=0):
    generator = np.random.default_rng(seed)
    truth = (generator.random((num, 5, 7)) < 0.3).astype(int)
    truth[: num // 2] = 0
    predicted = (generator.random((num, 5, 7)) < 0.3).astype(int)
    predicted[: num // 4] = 0
    return predicted, truth


def counts_of(predicted, truth):
    return np.stack(
        [pixel_counts(*pair) for pair in zip(predicted, truth, strict=True)]
    )


def evaluate(counts):
    num = len(counts)
    found = DiceStatistics(counts, np.arange(num), num)(torch.ones(num, 1))
    return {name: value[0] for name, value in found.items()}


def dice(p, t):
    return 2 * (p & t).sum() / (p.sum() + t.sum())


def iou(p, t):
    return (p & t).sum() / (p | t).sum()


def test_every_definition_equals_its_words():
    predicted, truth = masks()
    found = evaluate(counts_of(predicted, truth))
    p, t = predicted == 1, truth == 1
    by_image = [
        dice(a, b) if a.any() or b.any() else 1.0 for a, b in zip(p, t, strict=True)
    ]
    lesions = [d for d, b in zip(by_image, t, strict=True) if b.any()]
    assert found['dice_image'] == pytest.approx(np.mean(by_image))
    assert found['dice_positive'] == pytest.approx(np.mean(lesions))
    assert found['dice_foreground'] == pytest.approx(dice(p, t))
    assert found['dice_mean'] == pytest.approx((dice(p, t) + dice(~p, ~t)) / 2)
    assert found['iou_foreground'] == pytest.approx(iou(p, t))
    assert found['iou_mean'] == pytest.approx((iou(p, t) + iou(~p, ~t)) / 2)
    assert image_dice(counts_of(predicted, truth)) == pytest.approx(by_image)


def test_predicting_nothing_scores_the_share_of_empty_masks():
    predicted, truth = masks(num=20)
    baselines = empty_baselines(counts_of(predicted, truth))
    share = np.mean([not mask.any() for mask in truth])
    assert baselines['dice_image']['value'] == pytest.approx(share)
    for name in ('dice_positive', 'dice_foreground', 'iou_foreground'):
        assert baselines[name]['value'] == 0
    nothing = evaluate(counts_of(np.zeros_like(truth), truth))
    for name, value in nothing.items():
        assert baselines[name]['value'] == pytest.approx(value)


def test_perfect_prediction_scores_one():
    _, truth = masks()
    assert set(evaluate(counts_of(truth, truth)).values()) == {1.0}


def test_mean_of_classes_hides_a_poor_foreground():
    # 1 of 1,000 pixels is lesion: the background lifts Dice 0 to about a half.
    truth = np.zeros((1, 20, 50), int)
    truth[0, 0, 0] = 1
    found = evaluate(counts_of(np.zeros_like(truth), truth))
    assert found['dice_mean'] == pytest.approx(0.49975, abs=1e-5)
    assert found['dice_foreground'] == 0


def test_iou_and_dice_of_the_set_belong_together():
    found = evaluate(counts_of(*masks(seed=3)))
    j = found['iou_foreground']
    assert found['dice_foreground'] == pytest.approx(2 * j / (1 + j))


def test_weights_equal_repeated_images():
    counts = counts_of(*masks())
    clusters = np.arange(13) // 2
    weights = np.random.default_rng(1).integers(0, 3, (7, 4)).astype(np.float32)
    found = DiceStatistics(counts, clusters, 7)(torch.from_numpy(weights))
    for column in range(4):
        again = evaluate(np.repeat(counts, weights[clusters, column].astype(int), 0))
        for name, values in found.items():
            assert values[column] == pytest.approx(again[name]), name


def test_ignored_pixels_and_other_classes():
    truth = np.array([[1, 1, 255, 2]])
    predicted = np.array([[1, 2, 1, 2]])
    assert pixel_counts(predicted, truth).tolist() == [1, 1, 2, 3]
    assert pixel_counts(predicted, truth, foreground=2).tolist() == [1, 2, 1, 3]
    assert pixel_counts(predicted, truth, ignore=None).tolist() == [1, 2, 2, 4]


def test_no_lesion_at_all_leaves_foreground_undefined():
    found = evaluate(counts_of(np.zeros((3, 2, 2)), np.zeros((3, 2, 2))))
    assert found['dice_image'] == 1
    assert np.isnan(found['dice_positive']) and np.isnan(found['dice_foreground'])


def test_unequal_sizes_are_refused():
    with pytest.raises(ValueError, match=r'\(2, 3\) and true mask \(3, 2\)'):
        pixel_counts(np.zeros((2, 3)), np.zeros((3, 2)))
