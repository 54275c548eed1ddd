"""Cross entropy of report tokens, exact across ranks.

Shapes: B reports, L tokens of which T carry loss.
"""

import torch
import torch.distributed as dist
from torch import Tensor
from torch.nn import functional as F

from .contrastive import rank_and_world_size

TOKENS = ('masked', 'non_pad', 'all')


def loss_tokens(
    loss_on: str, input_ids: Tensor, target_ids: Tensor, attention_mask: Tensor
) -> Tensor:
    """Which tokens carry loss, (B, L) bool.

    Args:
        loss_on: ``'masked'``, those that differ from their target; ``'non_pad'``, all
            but padding; ``'all'``, padding too.
        input_ids: (B, L) int64, some of them masked.
        target_ids: (B, L) int64.
        attention_mask: (B, L), 1 for tokens, 0 for padding.

    Raises:
        ValueError: unknown choice.
    """
    if loss_on == 'masked':
        return input_ids != target_ids
    if loss_on == 'non_pad':
        return attention_mask.bool()
    if loss_on == 'all':
        return torch.ones_like(target_ids, dtype=torch.bool)
    raise ValueError(f'loss_on is {loss_on!r}; it must be one of {TOKENS}')


def token_errors(logits: Tensor, targets: Tensor) -> Tensor:
    """Cross entropy of each token, (T, words) and (T,) to (T,) float32."""
    return F.cross_entropy(logits.float(), targets, reduction='none')


def mean_of_all_ranks(total: Tensor, number: int | Tensor) -> Tensor:
    """This rank's part of the mean over the errors of all ranks.

    Ranks may hold different numbers of errors, or none. The mean of the parts over
    ranks, which is what DistributedDataParallel makes of their gradients, is the
    mean over all errors.

    Args:
        total: scalar, the sum of this rank's errors.
        number: how many they are, a whole number.

    Returns:
        Scalar; 0 where no rank has any.
    """
    ranks = rank_and_world_size()[1]
    number = torch.as_tensor(number, dtype=total.dtype, device=total.device)
    if ranks > 1:
        number = number.clone()
        dist.all_reduce(number)
    return ranks * total / number.clamp(min=1)
