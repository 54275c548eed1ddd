import math

import pytest
import torch

from mmcxr.models.losses.mrm_segmentation import channelwise_focal, clamped_dice
from mmcxr.registry import MODELS

# B=3 films, C=2 classes, 5 x 7 pixels; the second film is padded on two sides.
LOGITS = torch.linspace(-4, 5, 3 * 2 * 5 * 7).roll(31).view(3, 2, 5, 7)
LABELS = (torch.arange(105) % 3 == 1).long().view(3, 5, 7)
LABELS[1, 3:] = LABELS[1, :, 6] = 255


def focal_oracle(gamma, alpha):
    total = count = 0
    for b in range(3):
        for row in range(5):
            for column in range(7):
                label = int(LABELS[b, row, column])
                for c in range(2):
                    count += 1
                    if label == 255:
                        continue
                    p = 1 / (1 + math.exp(-float(LOGITS[b, c, row, column])))
                    if label == c:
                        total -= alpha * (1 - p) ** gamma * math.log(p)
                    else:
                        total -= (1 - alpha) * p**gamma * math.log(1 - p)
    return total / count


def dice_oracle(class_weight, smooth):
    total = 0.0
    for c in range(2):
        films = 0.0
        for b in range(3):
            above = below = 0.0
            for row in range(5):
                for column in range(7):
                    one, other = LOGITS[b, [c, 1 - c], row, column].tolist()
                    p = math.exp(one) / (math.exp(one) + math.exp(other))
                    label = int(LABELS[b, row, column])
                    t = float(min(label, 1) == c)
                    above += 2 * p * t * (label != 255)
                    below += p**2 + t**2
            films += 1 - (above + smooth) / (below + smooth)
        total += class_weight[c] * films / 3
    return total / 2


@pytest.mark.parametrize(('gamma', 'alpha'), [(2.0, 0.5), (0.5, 0.3)])
def test_focal_equals_a_loop_over_values(gamma, alpha):
    found = channelwise_focal(LOGITS, LABELS, gamma, alpha)
    assert found.item() == pytest.approx(focal_oracle(gamma, alpha), rel=1e-5)


@pytest.mark.parametrize(('weight', 'smooth'), [((0.0, 1.0), 1.0), ((0.7, 2.0), 3.0)])
def test_dice_equals_a_loop_over_pixels(weight, smooth):
    found = clamped_dice(LOGITS, LABELS, weight, smooth)
    assert found.item() == pytest.approx(dice_oracle(weight, smooth), rel=1e-5)


def test_focal_of_no_opinion():
    """Logits of 0: every value costs a half, squared, of log 2."""
    loss = channelwise_focal(torch.zeros(2, 2, 3, 3), torch.ones(2, 3, 3).long())
    assert loss.item() == pytest.approx(0.5 * 0.25 * math.log(2))


def test_ignored_pixels_stay_in_the_divisor():
    logits, labels = torch.randn(1, 2, 4, 4), torch.zeros(1, 4, 4).long()
    labels[0, :, 2:] = 255
    visible = channelwise_focal(logits[..., :2], labels[..., :2])
    assert torch.isclose(channelwise_focal(logits, labels), visible / 2)
    grad = torch.zeros_like(logits).requires_grad_()
    channelwise_focal(grad, labels).backward()
    assert grad.grad[..., :2].all() and not grad.grad[..., 2:].any()


def test_dice_of_a_perfect_and_of_an_opposite_prediction():
    labels = (torch.arange(24).view(1, 4, 6) % 5 == 0).long()  # 5 of 24
    sure = 200 * torch.stack([1 - labels, labels], dim=1).float()
    assert clamped_dice(sure, labels).item() == pytest.approx(0, abs=1e-6)
    # Foreground: none shared, 19 predicted and 5 true; its weight of 1 acts as 1/2.
    opposite = clamped_dice(-sure, labels).item()
    assert opposite == pytest.approx((1 - 1 / (19 + 5 + 1)) / 2)


def test_losses_stay_finite_and_have_gradients_at_extremes():
    logits = torch.tensor([-1e4, 1e4, 0.0, 80.0]).view(1, 2, 1, 2).requires_grad_()
    for loss in (channelwise_focal, clamped_dice):
        value = loss(logits, torch.tensor([[[1, 0]]]))
        (grad,) = torch.autograd.grad(value, logits)
        assert value.isfinite() and grad.isfinite().all()


def test_gradients_agree_with_differences():
    logits = LOGITS.double().requires_grad_()

    def focal(x):
        return _double(channelwise_focal, x)

    def dice(x):
        return _double(clamped_dice, x)

    for loss in (focal, dice):
        assert torch.autograd.gradcheck(loss, logits[:, :, :2, :2])


def _double(loss, logits):
    """In double precision, which ``float()`` inside would lose."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.Tensor, 'float', torch.Tensor.double)
        return loss(logits, LABELS[:, :2, :2])


def test_half_precision_logits_are_computed_in_float():
    half = LOGITS.bfloat16()
    for loss in (channelwise_focal, clamped_dice):
        assert loss(half, LABELS).dtype == torch.float32
        torch.testing.assert_close(loss(half, LABELS), loss(half.float(), LABELS))


@pytest.mark.parametrize('kind', ['MRMFocalLoss', 'MRMDiceLoss'])
def test_modules_are_weighted_and_named(kind):
    plain, twice = (
        MODELS.build(dict(type=kind, loss_weight=weight)) for weight in (1.0, 2.0)
    )
    assert torch.isclose(twice(LOGITS, LABELS), 2 * plain(LOGITS, LABELS))
    assert plain.loss_name.startswith('loss_')
    other = LABELS.where(LABELS != 255, 9)
    torch.testing.assert_close(
        plain(LOGITS, other, ignore_index=9), plain(LOGITS, LABELS)
    )
    with pytest.raises(ValueError, match=f'{kind} does not support weights of pixels'):
        plain(LOGITS, LABELS, weight=torch.ones(3, 5, 7))


def test_wrong_number_of_class_weights():
    with pytest.raises(ValueError, match='3 class weights for 2 channels'):
        clamped_dice(LOGITS, LABELS, (0, 1, 1))
