"""Focal and Dice loss of MRM's segmentation, in the authors' definition.

Shapes: B films, C classes with the background first, H x W pixels. Both take what
mmsegmentation's heads give a loss: logits (B, C, H, W), labels (B, H, W) in which
``ignore_index`` marks pixels without a label.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmcxr.registry import MODELS


def channelwise_focal(
    logits: Tensor,
    labels: Tensor,
    gamma: float = 2.0,
    alpha: float = 0.5,
    ignore_index: int = 255,
) -> Tensor:
    """Focal loss of a sigmoid on every channel, background included.

    With ``p`` the probability a channel gives to its own truth, a value costs
    ``-a (1 - p)^gamma log p``, where ``a`` is ``alpha`` for the channel of the label
    and ``1 - alpha`` for the others. Ignored pixels cost nothing, but the mean is over
    all B * C * H * W values, theirs too: a padded film weighs less than a full one.
    The usual mean is over the pixels that have a label.

    Args:
        logits: (B, C, H, W).
        labels: (B, H, W).
        gamma: paper of the focal loss 2.
        alpha: weight of the channel of the label.
        ignore_index: label of pixels left out.
    """
    logits = logits.float()
    valid = labels != ignore_index
    target = _one_hot(torch.where(valid, labels, 0), logits)
    # Of the logit's sign alone: log p = log sigmoid(l) for the label, of -l for others.
    log_p = F.logsigmoid(torch.where(target > 0, logits, -logits))
    share = torch.where(target > 0, alpha, 1 - alpha)
    loss = -share * (1 - log_p.exp()) ** gamma * log_p
    return (loss * valid[:, None]).mean()


def clamped_dice(
    logits: Tensor,
    labels: Tensor,
    class_weight: Sequence[float] = (0.0, 1.0),
    smooth: float = 1.0,
    ignore_index: int = 255,
) -> Tensor:
    """Dice loss of a softmax, by class and film.

    ``1 - (2 sum(p t v) + smooth) / (sum(p^2 + t^2) + smooth)`` for probabilities ``p``,
    one-hot truth ``t`` and validity ``v``; mean over films, times the class's weight,
    mean over classes. Three things differ from the usual definition: squares in the
    denominator; ``v`` stands in the numerator only, and in the denominator ignored
    pixels count as the last class (255 is clamped to it); and the mean is over all
    classes, those of weight 0 too, so a foreground weight of 1 acts as 1/2.

    Args:
        logits: (B, C, H, W).
        labels: (B, H, W).
        class_weight: one number for each class.
        smooth: added above and below.
        ignore_index: label of pixels left out.

    Raises:
        ValueError: not one weight for each class.
    """
    num_classes = logits.shape[1]
    if len(class_weight) != num_classes:
        raise ValueError(
            f'{len(class_weight)} class weights for {num_classes} channels of logits'
        )
    probability = logits.float().softmax(dim=1)
    valid = (labels != ignore_index)[:, None]
    target = _one_hot(labels.clamp(0, num_classes - 1), logits)
    shared = (probability * target * valid).sum(dim=(2, 3))  # (B, C)
    size = (probability.square() + target).sum(dim=(2, 3))  # target^2 is target
    loss = (1 - (2 * shared + smooth) / (size + smooth)).mean(dim=0)
    return sum(w * x for w, x in zip(class_weight, loss, strict=True)) / num_classes


class _SegmentationLoss(nn.Module):
    """What mmsegmentation asks of a loss beside its formula."""

    def __init__(self, loss_weight: float, loss_name: str):
        super().__init__()
        self.loss_weight = loss_weight
        self.loss_name = loss_name

    def forward(
        self,
        logits: Tensor,
        labels: Tensor,
        weight: Tensor | None = None,
        ignore_index: int = 255,
    ) -> Tensor:
        """Weighted loss of a batch; see the formula.

        Raises:
            ValueError: weights of pixels, which a head with a ``sampler`` gives.
        """
        if weight is not None:
            raise ValueError(
                f'{type(self).__name__} does not support weights of pixels'
            )
        return self.loss_weight * self.formula(logits, labels, ignore_index)


@MODELS.register_module()
class MRMFocalLoss(_SegmentationLoss):
    """:func:`channelwise_focal` for heads of mmsegmentation.

    Args:
        gamma: see there.
        alpha: see there.
        loss_weight: MRM 2.0, in the auxiliary head 0.8.
        loss_name: name in the log; it must begin with ``loss``.
    """

    def __init__(
        self,
        gamma: float = 2.0,
        alpha: float = 0.5,
        loss_weight: float = 1.0,
        loss_name: str = 'loss_focal',
    ):
        super().__init__(loss_weight, loss_name)
        self.gamma = gamma
        self.alpha = alpha

    def formula(self, logits: Tensor, labels: Tensor, ignore_index: int) -> Tensor:
        """Loss without its weight."""
        return channelwise_focal(logits, labels, self.gamma, self.alpha, ignore_index)


@MODELS.register_module()
class MRMDiceLoss(_SegmentationLoss):
    """:func:`clamped_dice` for heads of mmsegmentation.

    Args:
        class_weight: see there.
        smooth: see there.
        loss_weight: MRM 1.0, in the auxiliary head 0.4.
        loss_name: name in the log; it must begin with ``loss``.
    """

    def __init__(
        self,
        class_weight: Sequence[float] = (0.0, 1.0),
        smooth: float = 1.0,
        loss_weight: float = 1.0,
        loss_name: str = 'loss_dice',
    ):
        super().__init__(loss_weight, loss_name)
        self.class_weight = tuple(class_weight)
        self.smooth = smooth

    def formula(self, logits: Tensor, labels: Tensor, ignore_index: int) -> Tensor:
        """Loss without its weight."""
        return clamped_dice(
            logits, labels, self.class_weight, self.smooth, ignore_index
        )


def _one_hot(labels: Tensor, logits: Tensor) -> Tensor:
    """(B, H, W) whole numbers to (B, C, H, W) float of 0 and 1."""
    classes = torch.arange(logits.shape[1], device=labels.device)
    return (labels[:, None] == classes[:, None, None]).float()
