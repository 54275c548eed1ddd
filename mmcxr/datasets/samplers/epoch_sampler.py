"""A sampler that tells the dataset the epoch of each sample."""

import math
from collections.abc import Iterator
from itertools import count

import torch
from mmengine.dist import get_dist_info, sync_random_seed
from torch.utils.data import Sampler

from mmcxr.registry import DATA_SAMPLERS

from ..seeding import hash_numbers


@DATA_SAMPLERS.register_module()
class EpochSampler(Sampler):
    """Yields ``epoch * len(dataset) + index``; ranks take turns in one order.

    Workers that outlive an epoch thus learn it without shared state, and the dataset
    decodes both with ``divmod``. The order of an epoch comes from (seed, epoch) and
    rank r of w takes places r, r + w, ...: w processes of batch b see, step by step,
    the samples of one process of batch w * b. In epoch 0, and so in evaluation, the
    numbers are plain indices.

    Args:
        dataset: its attribute ``seed`` is set, so that one seed rules order and
            augmentation.
        shuffle: permute, or keep the dataset's order.
        seed: the same on all ranks; drawn and shared when None.
        round_up: repeat samples from the start of the order until ranks have equally
            many; without, the first ranks may have one more.
        infinite: go on into the next epochs without end, for loops that count
            iterations. A resumed run then calls ``skip``.
    """

    def __init__(
        self,
        dataset,
        shuffle: bool = True,
        seed: int | None = None,
        round_up: bool = True,
        infinite: bool = False,
    ):
        if not hasattr(dataset, 'seed'):
            raise TypeError(
                f'{type(dataset).__name__} does not decode epochs from indices; use '
                'DefaultSampler with it, or EpochSampler with a dataset of mmcxr'
            )
        self.dataset = dataset
        self.shuffle = shuffle
        self.seed = sync_random_seed() if seed is None else seed
        dataset.seed = self.seed
        self.rank, self.world_size = get_dist_info()
        self.round_up = round_up
        self.infinite = infinite
        self.epoch = 0
        self._skipped = 0
        if infinite:
            # mmengine asks hasattr(sampler, 'skip'); without it, it resumes by
            # stepping through the data, which for a finite sampler is the right way.
            self.skip = self._skip

    def __iter__(self) -> Iterator[int]:
        """Numbers of this rank."""
        if self.infinite:
            return self._endless()
        order = self.order(self.epoch)
        if self.round_up:
            total = math.ceil(len(order) / self.world_size) * self.world_size
            order = order.repeat(math.ceil(total / len(order)))[:total]
        start = self.epoch * len(self.dataset)
        return iter((order[self.rank :: self.world_size] + start).tolist())

    def __len__(self) -> int:
        """Samples of this rank in an epoch."""
        missing = 0 if self.round_up else self.rank
        return math.ceil((self.epoch_size - missing) / self.world_size)

    @property
    def epoch_size(self) -> int:
        """Samples of all ranks in an epoch."""
        return len(self.dataset)

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch to iterate next; an infinite sampler counts by itself."""
        self.epoch = epoch

    def order(self, epoch: int) -> torch.Tensor:
        """(epoch_size,) indices in the order of one epoch."""
        if not self.shuffle:
            return torch.arange(len(self.dataset))
        generator = torch.Generator().manual_seed(hash_numbers(self.seed, epoch))
        return torch.randperm(len(self.dataset), generator=generator)

    def _endless(self) -> Iterator[int]:
        size = self.epoch_size
        place = self.rank + self._skipped * self.world_size
        for epoch in count(place // size):
            order = self.order(epoch)
            mine = order[place - epoch * size :: self.world_size]
            yield from (mine + epoch * len(self.dataset)).tolist()
            place += len(mine) * self.world_size

    def _skip(self, num_samples: int) -> None:
        """Begin after this many samples of each rank, counted from epoch 0."""
        if num_samples < 0:
            raise ValueError(f'cannot skip {num_samples} samples')
        self._skipped = num_samples
