"""Binary cross entropy over many findings, some of them unknown or uncertain."""

import torch
from torch import Tensor
from torch import distributed as dist
from torch.nn import functional as F

from .contrastive import rank_and_world_size

UNCERTAIN = ('zeros', 'ones', 'ignore')


def multi_label_bce(
    logits: Tensor,
    targets: Tensor,
    uncertain: str = 'zeros',
    pos_weight: Tensor | None = None,
) -> Tensor:
    """Mean binary cross entropy over the known labels of all ranks.

    On several ranks it is this rank's part, whose mean over ranks is the mean over all
    labels, however many are known on each: gradients equal those of one process.

    Args:
        logits: (B, C).
        targets: (B, C); 1 present, 0 absent, below 0 uncertain, NaN unknown.
            Unknown labels carry no loss.
        uncertain: what uncertain labels count as: ``'zeros'`` (absent; CXR-CLIP's
            code), ``'ones'`` (present) or ``'ignore'`` (unknown).
        pos_weight: (C,) factor on the loss of present labels; their number does not
            change what is divided by.

    Returns:
        Scalar; 0 where no label is known.

    Raises:
        ValueError: unknown policy.
    """
    if uncertain not in UNCERTAIN:
        raise ValueError(f'uncertain is {uncertain!r}; it must be one of {UNCERTAIN}')
    targets = targets.to(torch.float32)
    known = ~targets.isnan()
    doubtful = targets < 0
    if uncertain == 'ignore':
        known = known & ~doubtful
    target = torch.where(doubtful, float(uncertain == 'ones'), targets)
    target = torch.where(known, target, 0.0)
    # Not boolean indexing: its result has a size that the device must report.
    each = F.binary_cross_entropy_with_logits(
        logits.float(), target, reduction='none', pos_weight=pos_weight
    )
    ranks, count = rank_and_world_size()[1], known.sum().to(torch.float32)
    if ranks > 1:
        dist.all_reduce(count)
    return ranks * (each * known).sum() / count.clamp(min=1)
