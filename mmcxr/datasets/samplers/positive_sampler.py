"""A sampler that shows all positives and a few negatives in each epoch."""

import torch

from mmcxr.registry import DATA_SAMPLERS

from ..seeding import hash_numbers
from .epoch_sampler import EpochSampler


@DATA_SAMPLERS.register_module()
class PositiveSampler(EpochSampler):
    """Every positive once in an epoch, among negatives drawn anew for it.

    MRM's for segmentation, where most films are empty; its code leaves it out without
    a word when there is one process. An epoch is all positives and
    ``round(negatives_per_positive * positives)`` negatives drawn without repetition
    from (seed, epoch), or all where there are fewer, shuffled. Ranks take turns and
    numbers carry the epoch as in
    :class:`~mmcxr.datasets.samplers.epoch_sampler.EpochSampler`.

    Args:
        dataset: has ``find_positives``, as data sets of masks do.
        negatives_per_positive: MRM 0.4.
        seed: see there.
        round_up: see there.
        infinite: see there.

    Raises:
        TypeError: the dataset cannot tell its positives.
        ValueError: it has none.
    """

    def __init__(
        self,
        dataset,
        negatives_per_positive: float = 0.4,
        seed: int | None = None,
        round_up: bool = True,
        infinite: bool = False,
    ):
        super().__init__(dataset, True, seed, round_up, infinite)
        if not hasattr(dataset, 'find_positives'):
            raise TypeError(
                f'{type(dataset).__name__} does not tell which samples are positive; '
                'use EpochSampler with it, or a dataset of masks'
            )
        if negatives_per_positive < 0:
            raise ValueError(
                f'negatives_per_positive is {negatives_per_positive}, below 0'
            )
        positive = torch.from_numpy(dataset.find_positives())
        if not positive.any():
            raise ValueError(
                f'none of the {len(dataset)} samples is positive, so there is nothing '
                'to repeat; use EpochSampler'
            )
        self.positives = positive.nonzero().flatten()
        self.negatives = (~positive).nonzero().flatten()
        wanted = round(negatives_per_positive * len(self.positives))
        self.num_negatives = min(wanted, len(self.negatives))

    @property
    def epoch_size(self) -> int:
        """Samples of all ranks in an epoch."""
        return len(self.positives) + self.num_negatives

    def order(self, epoch: int) -> torch.Tensor:
        """(epoch_size,) indices in the order of one epoch."""
        generator = torch.Generator().manual_seed(hash_numbers(self.seed, epoch))
        drawn = torch.randperm(len(self.negatives), generator=generator)
        indices = [self.positives, self.negatives[drawn[: self.num_negatives]]]
        order = torch.randperm(self.epoch_size, generator=generator)
        return torch.cat(indices)[order]
