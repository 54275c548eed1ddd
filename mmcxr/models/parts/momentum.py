"""Momentum (EMA) copy of an encoder: for keys of momentum contrast, and teachers.

https://arxiv.org/abs/1911.05722. Shapes: n films of this rank, W ranks.
"""

from collections.abc import Callable

import torch
from mmengine.dist import all_gather, get_dist_info
from mmengine.model import ExponentialMovingAverage
from torch import Tensor, nn


class MomentumEncoder(ExponentialMovingAverage):
    """mmengine's moving average, of parameters alone and from the first update on.

    mmengine copies the parameters at the first update and the buffers at each. Here a
    copy is made when :meth:`copy` is called, and batch statistics are the copy's own:
    it is in training mode when its owner is.

    Args:
        encoder: what is copied; it is not kept.
        momentum: share that the average keeps at an update; published 0.999.

    Raises:
        ValueError: ``momentum`` is not within 0..1.
    """

    def __init__(self, encoder: nn.Module, momentum: float = 0.999):
        if not 0 < momentum < 1:
            raise ValueError(f'momentum is {momentum}; it must lie between 0 and 1')
        super().__init__(encoder, momentum=1 - momentum)

    @torch.no_grad()
    def copy(self, source: nn.Module) -> None:
        """Take parameters and buffers of the same names from ``source``."""
        values = source.state_dict()
        self.module.load_state_dict({k: values[k] for k in self.module.state_dict()})

    @torch.no_grad()
    def update_parameters(self, model: nn.Module) -> None:
        """Move all parameters towards those of the same names in ``model``."""
        sources = dict(model.named_parameters())
        names, averages = zip(*self.module.named_parameters(), strict=True)
        moved = torch._foreach_mul([sources[name] for name in names], self.momentum)
        # Rounded as in released code, not as lerp would: deep networks magnify that.
        torch._foreach_mul_(averages, 1 - self.momentum)
        torch._foreach_add_(averages, moved)
        self.steps += 1


def encode_shuffled(
    encode: Callable[[Tensor], Tensor], films: Tensor, order: Tensor
) -> Tensor:
    """``encode(films)``, but each rank encodes films of all ranks.

    Batch normalisation then cannot tell a key by the company of its query. All ranks
    hold batches of one size. A single process encodes its own batch as it is.

    Args:
        encode: rows to as many rows.
        films: (n, ...) of this rank.
        order: (W n,), a permutation that all ranks share: rank r encodes the films
            ``order[r n : (r + 1) n]`` of all, which are counted in order of rank.
    """
    rank, world = get_dist_info()
    if world == 1:
        return encode(films)
    own = slice(rank * len(films), (rank + 1) * len(films))
    mixed = torch.cat(all_gather(films.contiguous()))[order[own]]
    encoded = torch.cat(all_gather(encode(mixed).contiguous()))
    return encoded[order.argsort()[own]]
