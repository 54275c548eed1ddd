"""Train on several datasets at once."""

from collections.abc import Iterator, Sequence

import numpy as np
from torch.utils.data import Dataset

from mmcxr.registry import DATASETS

from .seeding import hash_numbers
from .table_dataset import TableDataset


@DATASETS.register_module()
class MixedDataset(Dataset):
    """Datasets end to end, without weights: each contributes what it has.

    What CXR-CLIP does with MIMIC-CXR, CheXpert and ChestX-ray14. Indices carry the
    epoch as :class:`~mmcxr.datasets.table_dataset.TableDataset` has it; ``seed``
    reaches the members, each by another number, so that equal indices in two of them
    do not share their draws. ``metainfo`` holds ``dataset`` (the names, joined by +)
    and ``members`` (the metainfo of each).

    Args:
        datasets: members or their configs.
    """

    def __init__(self, datasets: Sequence[dict | TableDataset]):
        self.datasets = [
            DATASETS.build(member) if isinstance(member, dict) else member
            for member in datasets
        ]
        if not self.datasets:
            raise ValueError('nothing to mix: datasets is empty')
        for member in self.datasets:
            if not hasattr(member, 'seed'):
                raise TypeError(
                    f'{type(member).__name__} does not decode epochs from indices, so '
                    'it cannot be mixed'
                )
        self._ends = np.cumsum([len(member) for member in self.datasets])
        self.seed = 0

    @property
    def seed(self) -> int:
        """Seed of the run."""
        return self._seed

    @seed.setter
    def seed(self, seed: int) -> None:
        self._seed = seed
        for number, member in enumerate(self.datasets):
            member.seed = hash_numbers(seed, number)

    @property
    def metainfo(self) -> dict:
        """Name and facts of the members."""
        members = [member.metainfo for member in self.datasets]
        return dict(dataset='+'.join(m['dataset'] for m in members), members=members)

    def film_places(self, pack: str) -> np.ndarray:
        """(N, 2) int64: where first films lie, files numbered through the members.

        Args:
            pack: its name, that of one of each member.
        """
        places, files = [], 0
        for member in self.datasets:
            found = member.film_places(pack)
            places.append(found + (files, 0))
            files += found[:, 0].max() + 1
        return np.concatenate(places)

    def __len__(self) -> int:
        """Samples of an epoch."""
        return int(self._ends[-1])

    def __iter__(self) -> Iterator[dict]:
        """Samples of epoch 0."""
        return (self[index] for index in range(len(self)))

    def __getitem__(self, number: int) -> dict:
        """Sample ``number % len(self)`` as it is in epoch ``number // len(self)``."""
        epoch, index = divmod(number, len(self))
        which = int(np.searchsorted(self._ends, index, side='right'))
        member = self.datasets[which]
        start = int(self._ends[which]) - len(member)
        return member[epoch * len(member) + index - start]
